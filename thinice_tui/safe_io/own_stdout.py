"""stdout for what the program itself says: a stranger's code, which models run, prints elsewhere."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TextIO


@contextmanager
def own_stdout() -> Iterator[TextIO]:
    """The program's stdout, under a descriptor that nobody else knows; descriptor 1 and sys.stdout lead to stderr.

    Descriptor 1 stays there when the context ends: C libraries and exit handlers print as late as the process's end.
    Where sys.stdout has been replaced by an object that does not write to descriptor 1, only sys.stdout changes.
    """
    _fill_closed()
    if sys.stdout is None or not _writes_to(sys.stdout, 1):
        stream = sys.stdout or io.StringIO()  # None: it was closed when the program began
        with redirect_stdout(sys.stderr):
            yield stream
        return
    shown = sys.stdout
    shown.flush()
    stream = os.fdopen(os.dup(1), "w", encoding=shown.encoding, errors=shown.errors)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield stream
        stream.flush()
    finally:
        with suppress(OSError):  # whoever wrote was told already
            stream.close()


def _writes_to(stream: TextIO, descriptor: int) -> bool:
    try:
        return stream.fileno() == descriptor
    except (OSError, ValueError, AttributeError):
        return False


def _fill_closed() -> None:
    """Let the descriptors 0 to 2 lead nowhere where they are closed, else the next files that are opened get them."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
