"""The revision of the attacks that compute a run: an engine continues no run that another revision has begun."""

from collections.abc import Mapping
from pathlib import Path

from thinice_tui.errors import RunFileError

ATTACKS_REVISION = "attacks_revision"
"""Its key in the run table. It is no part of a run's identity: a finished run of an earlier revision is still shown."""


def check_attacks_revision(stored: Mapping[str, object], wanted: Mapping[str, object], path: Path) -> None:
    """Raise RunFileError where another revision of the attacks has begun the unfinished run `path`.

    stored: its run table; wanted: the run table that this program would write. Files of early versions have no
    revision: that is 0.
    """
    began, now = stored.get(ATTACKS_REVISION, 0), wanted.get(ATTACKS_REVISION, 0)
    if began != now and stored.get("finished") is None:
        raise RunFileError(
            f"{path}: was begun by another revision of the attacks ({began}, this is {now}): what it holds and what is "
            "missing would not belong together",
            f"begin anew in another file with --run; what was computed can still be read: thinice-tui report {path}",
        )
