"""One engine a run file: a lock that ends with its process, held on NAME.thinice.lock."""

from contextlib import suppress
from pathlib import Path

from filelock import FileLock, SoftFileLock, Timeout

from thinice_tui.errors import RunBusyError
from thinice_tui.runfile.problems import check_place, explained

PATIENCE = 0.2
"""Seconds that the lock is tried for: whoever is just giving it up has removed its file, and a new one is made."""


class RunLock:
    """Held from its making until `release`; raises RunBusyError while another process holds it, OSError."""

    def __init__(self, run: Path) -> None:
        self._lock = FileLock(f"{run}.lock", timeout=PATIENCE)
        try:
            self._lock.acquire()
        except Timeout:
            raise RunBusyError(
                f"{run}: another engine is writing to it", "wait for it, or give this run another file with --run"
            ) from None
        self._path = Path(self._lock.lock_file)
        self._file = file_identity(self._path)

    def release(self) -> None:
        """Give it up and leave no file behind.

        The file goes while it is still locked, and only if it is the one that was locked: who has opened it meanwhile
        finds it without a name once it is free, and makes another (filelock looks at its link count).
        """
        soft = isinstance(self._lock, SoftFileLock)  # where the file system knows no locks: its file is the lock
        if not soft and self._file is not None and file_identity(self._path) == self._file:
            with suppress(OSError):
                self._path.unlink()
        self._lock.release()


def take_lock(run: Path) -> RunLock:
    """The lock of the run file `run`, whose folder is made where it is missing; raises RunBusyError, RunFileError."""
    check_place(run)
    try:
        run.parent.mkdir(parents=True, exist_ok=True)
        return RunLock(run)
    except OSError as error:
        raise explained(error, run) from error


def file_identity(path: Path) -> tuple[int, int] | None:
    """What tells the file at `path` from another that takes its place; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
