"""How a command ends: errors as one message and an exit code, interruption, a stdout that cannot be written."""

import errno
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import typer

from thinice_tui.errors import EXIT_ERROR, EXIT_INTERRUPTED, Interrupted, ThiniceError, UsageError
from thinice_tui.safe_io.printable import printable

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Why a stream that is open cannot be written."""


@contextmanager
def errors_shown(debug: bool) -> Iterator[None]:
    """Turn errors meant for the user into one message on stderr and an exit code."""
    try:
        yield
    except ThiniceError as error:
        if debug:
            raise
        _fail(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read stdout is gone (`| head`): nothing to say, and nowhere to say it.
        sys.stdout = None
        raise typer.Exit(0) from None


def need_terminal(otherwise: str) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):  # textual draws on stderr
        raise UsageError("there is no terminal to draw on", otherwise)


def _fail(error: ThiniceError) -> NoReturn:
    tell(error)
    raise typer.Exit(error.exit_code) from None


def tell(error: ThiniceError) -> None:
    from rich.console import Console

    console = Console(stderr=True, emoji=False)
    interrupted = isinstance(error, Interrupted)
    console.print(
        printable(error.what if interrupted else f"error: {error.what}"),
        style="" if interrupted else "bold red",
        markup=False,
        highlight=False,
    )
    if error.do:
        console.print(printable(error.do), markup=False, highlight=False)


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """SIGTERM stops like Ctrl-C: what was computed is kept, and said to be."""

    def stop(_: int, __: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def stdout_lost(error: OSError) -> NoReturn:
    tell(ThiniceError(f"stdout cannot be written ({error.strerror})", "make space there, or send it elsewhere"))
    raise SystemExit(EXIT_ERROR) from None


def flush_stdout() -> OSError | None:
    """Write out what is left for stdout, and say why that cannot be: left to Python's end, it would be no error."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = None
    except OSError as error:
        sys.stdout = None  # else it is tried once more at the end
        return error
    return None
