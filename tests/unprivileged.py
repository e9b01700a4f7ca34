"""A prefix for commands that must not write to read-only files, even where the tests run as root."""

import os
import shutil

RIGHTS = "-dac_override,-dac_read_search"


def _prefix() -> list[str] | None:
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    return None if setpriv is None else [setpriv, f"--bounding-set={RIGHTS}", f"--inh-caps={RIGHTS}"]


UNPRIVILEGED = _prefix()
"""The words to put before such a command; None: root's rights cannot be dropped here."""
