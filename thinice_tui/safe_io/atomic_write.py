"""Writing a file whole or not at all: what was there before stays until what replaces it is on the disk."""

import errno
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, write: Callable[[BinaryIO], object], *, follow: bool = True, sync: bool = True) -> None:
    """Let `write` fill a file beside `path`, then put it there at once; raises OSError.

    It keeps the mode of the file that it replaces, and its owner where that is allowed. follow: a link stays, and the
    file that it points to is replaced; else the link itself is. sync: wait until the disk has it, so that it outlives a
    power cut; a view cannot wait so long for what is small and can be made again. What is no regular file (a pipe,
    /dev/null) is written to directly. So is an empty file in a folder that takes no new one: nothing can be lost
    there. Any other file in such a folder is refused, as is one that is write-protected.
    """
    target, before = _look(path, follow)
    if before is not None and not stat.S_ISREG(before.st_mode):
        with path.open("wb") as stream:
            write(stream)
        return
    beside = _beside(target)
    try:
        descriptor = _create(beside)
    except PermissionError:
        if before is None or before.st_size:
            raise
        with target.open("r+b") as stream:
            write(stream)
        return
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if before is not None:
                _look_like(descriptor, before)
            write(stream)
            stream.flush()
            if sync:
                os.fsync(descriptor)
        beside.replace(target)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def write_text(path: Path, text: str, *, sync: bool = True) -> None:
    """`text` in UTF-8, whole or not at all, as `write_whole` does; raises OSError."""
    write_whole(path, lambda stream: stream.write(text.encode()), sync=sync)


def check_writable(path: Path) -> None:
    """Raise OSError where `write_whole` could not write `path`, following links; it stays as it is."""
    target, before = _look(path, follow=True)
    if before is not None and stat.S_ISDIR(before.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if before is not None and not stat.S_ISREG(before.st_mode):
        return
    beside = _beside(target)
    try:
        os.close(_create(beside))
    except PermissionError:
        if before is None or before.st_size:
            raise
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _look(path: Path, follow: bool) -> tuple[Path, os.stat_result | None]:
    """What is to be replaced, and what is there; None: nothing, or a link that goes. Raises OSError."""
    target = Path(os.path.realpath(path)) if follow else path
    try:
        found = path.stat(follow_symlinks=follow)
    except FileNotFoundError:
        return target, None
    if stat.S_ISLNK(found.st_mode):
        return target, None
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    return target, found


def _beside(target: Path) -> Path:
    return target.parent / f".{secrets.token_hex(8)}.tmp"


def _create(path: Path) -> int:
    # Not tempfile's 0600: the mode of a new file is what the umask says.
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)


def _look_like(descriptor: int, before: os.stat_result) -> None:
    with suppress(OSError):  # another's file, in a folder that both may write to: it becomes ours
        os.fchown(descriptor, before.st_uid, before.st_gid)
    with suppress(OSError):
        os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
