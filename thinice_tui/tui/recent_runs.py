"""The runs that were looked at last, in a small file in the user's folder of states; and runs in ./runs."""

import json
import math
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from thinice_tui.runfile.demo import DEMO
from thinice_tui.runfile.schema import SUFFIX
from thinice_tui.safe_io.atomic_write import write_text
from thinice_tui.tui.background import Background
from thinice_tui.tui.interface import SessionListener
from thinice_tui.tui.session import Session

FORMAT, VERSION = "thinice-tui recent runs", 1
MOST, LARGEST = 20, 1 << 20
"""Runs that are remembered, and bytes of a file that is read."""
RUNS_FOLDER = Path("runs")
"""Where `compare` puts run files."""


@dataclass(frozen=True)
class RecentRun:
    """A run file, and when it was looked at or written last, in seconds since the epoch."""

    path: Path
    at: float


def recent_runs_file() -> Path:
    return platformdirs.user_state_path("thinice-tui") / "recent-runs.json"


def offered_runs(file: Path) -> list[RecentRun]:
    """The runs in `file` and those in ./runs that are still there, the latest first."""
    found = {run.path: run for run in reversed(_load(file) or [])}
    for path in _in_folder(RUNS_FOLDER):
        changed = _changed(path)
        if changed is not None and path not in found:
            found[path] = RecentRun(path, changed)
    there = [run for run in found.values() if _changed(run.path) is not None]
    return sorted(there, key=lambda run: -run.at)[:MOST]


def begin(file: Path) -> bool:
    """Make `file` where there is none; whether this is the first time that it could be made."""
    if file.exists():
        return False
    return _save(file, [])


def remember(file: Path, path: Path) -> bool:
    """Put the run `path` in front; whether that could be done: a file that is not understood is left as it is."""
    known = _load(file)
    if known is None:
        return False
    others = [run for run in known if run.path != path]
    return _save(file, [RecentRun(path, time.time()), *others][:MOST])


class RecentRuns(SessionListener):
    """Remembers the run of a session once it was read. The demo is not remembered."""

    def __init__(self, file: Path, session: Session, background: Background) -> None:
        self._file, self._session, self._background = file, session, background
        self._remembered: Path | None = DEMO
        session.add_listener(self)

    def run_changed(self) -> None:
        """Remember the run, in a thread: the file may lie on a slow disk."""
        path = self._session.path
        if self._session.run is not None and path is not None and path not in (self._remembered, DEMO):
            self._remembered = path
            self._background.start(remember, self._file, path.absolute())


def _load(file: Path) -> list[RecentRun] | None:
    """What `file` lists, the latest first; [] where there is none, None where it is not understood."""
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
            return None
        stored = json.loads(file.read_bytes())
        if stored["format"] != FORMAT or stored["version"] != VERSION:
            return None
        return [run for entry in stored["runs"][:MOST] if (run := _run(entry)) is not None]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return None


def _run(entry: Any) -> RecentRun | None:
    """One entry; None where it is not as this program writes it."""
    path, at = entry.get("path"), entry.get("at")
    if type(path) is not str or "\0" in path or not Path(path).is_absolute():
        return None
    return RecentRun(Path(path), float(at)) if type(at) in (int, float) and math.isfinite(at) else None


def _save(file: Path, runs: list[RecentRun]) -> bool:
    listed = [{"path": str(run.path), "at": run.at} for run in runs]
    text = json.dumps({"format": FORMAT, "version": VERSION, "runs": listed}, indent=1) + "\n"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, text, sync=False)
    except OSError:  # a convenience: no reason to bother anybody
        return False
    return True


def _in_folder(folder: Path) -> list[Path]:
    try:
        return [path.absolute() for path in folder.iterdir() if path.suffix == SUFFIX]
    except OSError:
        return []


def _changed(path: Path) -> float | None:
    """When the run file was written last; None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime if stat.S_ISREG(found.st_mode) else None
