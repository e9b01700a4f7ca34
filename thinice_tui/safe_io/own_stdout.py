"""Keeps stdout for the program's own output: what the code of models prints goes to stderr."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TextIO


@contextmanager
def own_stdout() -> Iterator[TextIO]:
    """The program's stdout under a new descriptor; descriptor 1 and sys.stdout go to stderr.

    Descriptor 1 stays redirected when the context ends, since C libraries and exit handlers may print until the
    process ends. Where sys.stdout is an object that does not write to descriptor 1, only sys.stdout changes.
    """
    _fill_closed()
    if sys.stdout is None or not _writes_to(sys.stdout, 1):
        stream = sys.stdout or io.StringIO()  # None: stdout was closed when the program began
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
        with suppress(OSError):  # the writer has had this error already
            stream.close()


def _writes_to(stream: TextIO, descriptor: int) -> bool:
    try:
        return stream.fileno() == descriptor
    except (OSError, ValueError, AttributeError):
        return False


def _fill_closed() -> None:
    """Open /dev/null for closed descriptors 0 to 2, which the next files that are opened would get otherwise."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
