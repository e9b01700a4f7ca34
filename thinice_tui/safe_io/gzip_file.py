"""Unpacks gzip files to a temporary file, within the limits of what real data reaches."""

import gzip
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thinice_tui.errors import ThiniceError, reason
from thinice_tui.safe_io.limits import check_unpacks, file_size

GZIP = b"\x1f\x8b"
CHUNK = 4 * 2**20
"""Bytes that are unpacked before the limits are checked again."""


@contextmanager
def unpacked(path: Path, error: type[ThiniceError]) -> Iterator[Path]:
    """The unpacked content of `path` in a temporary file, which is removed afterwards.

    Raises `error` where `path` is damaged, and as soon as it unpacks to more than real data does or than fits into
    memory.
    """
    packed, size = file_size(path, error), 0
    with tempfile.TemporaryDirectory(prefix="thinice-") as folder:
        plain = Path(folder) / path.stem
        try:
            with gzip.open(path) as source, plain.open("wb") as target:
                while chunk := source.read(CHUNK):
                    size += len(chunk)
                    check_unpacks(str(path), packed, size, "unpack it yourself with gunzip", error)
                    target.write(chunk)
        except (EOFError, zlib.error, gzip.BadGzipFile) as caught:
            raise error(f"{path}: is a damaged gzip file ({reason(caught)})", "copy or download it again") from caught
        except OSError as caught:
            raise error(f"{path}: cannot be unpacked ({reason(caught)})", "unpack it yourself with gunzip") from caught
        yield plain
