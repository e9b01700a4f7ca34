"""Hostile files: a payload that runs code, and checks that a file is refused without harm."""

import os
import resource
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError, ThiniceError

EXECUTED = Path("executed")
"""The file that the payload creates, in the working folder."""
TEN_TB = 10**13
READING_BYTES = 300 * 2**20
"""Bytes that reading a hostile data file may add to the address space; none needs a tenth of it."""


class RunsCode:
    """Creates the file EXECUTED when it is unpickled in the usual way."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {EXECUTED}",)


@contextmanager
def limited_address_space(more: int) -> Iterator[None]:
    """Let this process's address space grow by `more` bytes at most."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (pages + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def refused(read: Callable[[], object], error: type[ThiniceError], more: int = READING_BYTES) -> ThiniceError:
    """The error of `read`: within a second, without running code, and with `more` bytes of address space at most."""
    started = time.process_time()
    with limited_address_space(more), pytest.raises(error) as caught:
        read()
    assert time.process_time() - started < 1
    assert not EXECUTED.exists()
    assert caught.value.what and caught.value.do and "\n" not in caught.value.what
    return caught.value


def refused_data(spec: str) -> ThiniceError:
    """The error for the data `spec`, which must be refused at once and without harm."""
    return refused(lambda: read_samples(spec).fingerprint, DataError)


def legacy(content: object, path: Path) -> None:
    """Save `content` in torch's format from before version 1.6."""
    torch.save(content, path, _use_new_zipfile_serialization=False)


def rezipped(
    path: Path, change: Callable[[str, bytes], bytes] = lambda _, content: content, method: int = zipfile.ZIP_STORED
) -> None:
    """Write the zip archive at `path` again, with its entries changed and packed by `method`."""
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", method) as made:
        for name, content in entries.items():
            made.writestr(name, change(name, content))
