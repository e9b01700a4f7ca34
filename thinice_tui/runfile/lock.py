"""One engine a run file: the lock NAME.thinice.lock, which ends with the process that holds it."""

from contextlib import suppress
from pathlib import Path

from filelock import FileLock, SoftFileLock, Timeout

from thinice_tui.errors import RunBusyError
from thinice_tui.runfile.write_errors import check_run_path, write_error

PATIENCE = 0.2
"""Seconds that the lock is tried for: a process that is releasing it has removed the file, and a new one is made."""


class RunLock:
    """Held from construction until `release`; raises RunBusyError while another process holds it, and OSError."""

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
        """Release the lock and leave no file behind.

        The file is removed while it is still locked, and only if it is the one that was locked. A process that opened
        it meanwhile finds that it has no name any more and makes a new one (filelock looks at the link count).
        """
        soft = isinstance(self._lock, SoftFileLock)  # on a file system without locks the file itself is the lock
        if not soft and self._file is not None and file_identity(self._path) == self._file:
            with suppress(OSError):
                self._path.unlink()
        self._lock.release()


def take_lock(run: Path) -> RunLock:
    """The lock of the run file `run`, whose folder is made where it is missing; raises RunBusyError, RunFileError."""
    check_run_path(run)
    try:
        run.parent.mkdir(parents=True, exist_ok=True)
        return RunLock(run)
    except OSError as error:
        raise write_error(error, run) from error


def file_identity(path: Path) -> tuple[int, int] | None:
    """Device and inode, which tell the file at `path` from one that replaces it; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
