"""Which attacks computed a run: those of one revision are not continued by those of another."""

from collections.abc import Mapping
from pathlib import Path

from thinice_tui.errors import RunFileError

KEY = "attacks_revision"
"""In the run table, and not in what makes two runs the same: a finished run of an earlier revision is shown."""


def check_revision(stored: Mapping[str, object], about: Mapping[str, object], path: Path) -> None:
    """Raise RunFileError where other attacks began the unfinished run `path`.

    stored: its run table; about: the one that this program would write. Files from before have no revision: that is 0.
    """
    began, now = stored.get(KEY, 0), about.get(KEY, 0)
    if began != now and stored.get("finished") is None:
        raise RunFileError(
            f"{path}: was begun by another revision of the attacks ({began}, this is {now}): what it holds and what is "
            "missing would not belong together",
            f"begin anew in another file with --run; what was computed can still be read: thinice-tui report {path}",
        )
