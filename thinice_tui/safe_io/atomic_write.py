"""Writes a file as a whole or not at all: the old file stays until the new one is on the disk."""

import errno
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, write: Callable[[BinaryIO], object], *, follow: bool = True, sync: bool = True) -> None:
    """Let `write` fill a temporary file in the same folder, then move it to `path`; raises OSError.

    The new file has the mode of the old one, and its owner where that is allowed. follow: where `path` is a link, the
    file that it points to is replaced, else the link itself. sync: wait until the disk has the file, so that it
    survives a power cut; a view does without, for small files that can be made again. A pipe or device (/dev/null) is
    written to directly, and so is an empty file in a folder where no file can be created. Any other file in such a
    folder is refused, and so is a write-protected file.
    """
    target, before = _replaced(path, follow)
    if before is not None and not stat.S_ISREG(before.st_mode):
        with path.open("wb") as stream:
            write(stream)
        return
    temporary = _temporary(target)
    try:
        descriptor = _create(temporary)
    except PermissionError:
        if before is None or before.st_size:
            raise
        with target.open("r+b") as stream:
            write(stream)
        return
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if before is not None:
                _copy_mode(descriptor, before)
            write(stream)
            stream.flush()
            if sync:
                os.fsync(descriptor)
        temporary.replace(target)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str, *, sync: bool = True) -> None:
    """Write `text` in UTF-8, as a whole or not at all; raises OSError."""
    write_whole(path, lambda stream: stream.write(text.encode()), sync=sync)


def check_writable(path: Path) -> None:
    """Raise OSError where `write_whole` could not write `path`, following links; the file is not changed."""
    target, before = _replaced(path, follow=True)
    if before is not None and stat.S_ISDIR(before.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if before is not None and not stat.S_ISREG(before.st_mode):
        return
    temporary = _temporary(target)
    try:
        os.close(_create(temporary))
    except PermissionError:
        if before is None or before.st_size:
            raise
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _replaced(path: Path, follow: bool) -> tuple[Path, os.stat_result | None]:
    """The path that is replaced and its status; None: there is no file, or a link is replaced. Raises OSError."""
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


def _temporary(target: Path) -> Path:
    return target.parent / f".{secrets.token_hex(8)}.tmp"


def _create(path: Path) -> int:
    # tempfile would use the mode 0600; a new file has the mode of the umask.
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)


def _copy_mode(descriptor: int, before: os.stat_result) -> None:
    with suppress(OSError):  # the file of another user, in a shared folder: the new one is ours
        os.fchown(descriptor, before.st_uid, before.st_gid)
    with suppress(OSError):
        os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
