"""The kind of a file by its first bytes, whatever its name says."""

import stat
from pathlib import Path

from thinice_tui.errors import ThiniceError

HEAD = 512
"""Bytes that are read to tell a file's kind."""
_LFS = b"version https://git-lfs.github.com/spec/"
_MAGIC = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a zstandard file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x93NUMPY", "a single NumPy array (.npy)"),
    (b"PAR1", "a parquet file"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (_LFS, "a Git LFS pointer"),
)


def checked_head(path: Path, expected: str, error: type[ThiniceError] = ThiniceError) -> bytes:
    """The first HEAD bytes of `path`; raises `error` where it cannot be a file of any binary format.

    The message says what it is instead: no such file, a folder, a device or pipe (never opened, since it could block),
    no permission, an empty file, a Git LFS pointer, a web page, an XML document. expected: what the file should be,
    as in "expected {expected}".
    """
    head = _first_bytes(path, expected, error)
    if not head:
        raise error(f"{path}: is empty, expected {expected}", "copy or download it again")
    if head.startswith(_LFS):
        raise error(
            f"{path}: is a Git LFS pointer, not the file itself, expected {expected}",
            "fetch the file that it points to: run `git lfs pull` in its repository",
        )
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script")):
        raise error(
            f"{path}: is a web page (HTML), expected {expected}",
            "the download gave a page instead of the file, perhaps a login or an error: open its address in a browser",
        )
    if text.startswith((b"<?xml", b"<error")):
        raise error(
            f"{path}: is an XML document, expected {expected}",
            "the download gave an error message instead of the file: read it, and download the file again",
        )
    return head


def _first_bytes(path: Path, expected: str, error: type[ThiniceError]) -> bytes:
    """The first HEAD bytes of a regular file; raises `error` where it is absent, no regular file, or unreadable."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise error(f"{path}: is a folder, expected {expected}", "give the path of the file in it")
        if not stat.S_ISREG(mode):
            raise error(f"{path}: is a device or a pipe, expected {expected}", "save it to a file first")
        with path.open("rb") as stream:
            return stream.read(HEAD)
    except (FileNotFoundError, NotADirectoryError):
        raise error(f"{path}: there is no such file", f"check the path; expected {expected}") from None
    except (OSError, ValueError) as caught:  # ValueError: a null byte in the path
        said = caught.strerror if isinstance(caught, OSError) and caught.strerror else str(caught)
        raise error(f"{path}: cannot be read ({said})", "check its permissions and its disk") from caught


def kind(head: bytes) -> str:
    """The kind of a file with these first bytes, as in "a PNG image": for messages about a file of the wrong kind."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[257:262] == b"ustar":
        return "a tar archive"
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "a pickle"
    if head and all(byte >= 32 or byte in b"\t\r\n" for byte in head):
        return "text"
    return "something else"
