"""How a command ends: errors as one message and an exit code, interruption, a stdout that cannot be written."""

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import typer

from thinice_tui.errors import EXIT_ERROR, EXIT_INTERRUPTED, Interrupted, ThiniceError, UsageError
from thinice_tui.safe_io.printable import printable

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Error numbers of a write to an open stream that the disk refuses."""

UNABLE = ("dumb", "unknown")
"""Kinds of terminals that only print lines, as in an editor's shell."""


@contextmanager
def shown_errors(debug: bool) -> Iterator[None]:
    """Print an error meant for the user as one message on stderr, and exit with its code.

    debug: raise it instead, so that the traceback is shown.
    """
    try:
        yield
    except ThiniceError as error:
        if debug:
            raise
        print_error(error)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        # The reader of stdout is gone (`| head`): there is nobody left to tell.
        sys.stdout = None
        raise typer.Exit(0) from None


def need_terminal(advice: str) -> None:
    """Raise UsageError, with `advice` on what to do instead, where there is no terminal to draw on."""
    if not _is_terminal():
        raise UsageError("there is no terminal to draw on", advice)
    if not can_draw():
        kind = os.environ["TERM"]
        raise UsageError(f"this terminal cannot move its cursor (TERM={kind}): there is none to draw on", advice)


def can_draw() -> bool:
    """Whether there is a terminal to draw on."""
    return _is_terminal() and os.environ.get("TERM", "") not in UNABLE


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()  # textual draws on stderr


def print_error(error: ThiniceError) -> None:
    """Print what happened and what to do on stderr."""
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


def print_warning(text: str) -> None:
    """Print what makes a result less reliable on stderr."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True, emoji=False)
    console.print(f"[yellow]warning:[/yellow] {escape(printable(text))}", highlight=False, soft_wrap=True)


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM stop the program as Ctrl-C does: what was computed is kept, and the user is told so."""

    def stop(_: int, __: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def flush_stdout() -> OSError | None:
    """Write out what is left for stdout; returns why that failed. Python itself would ignore the failure at exit."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = None
    except OSError as error:
        sys.stdout = None  # else Python tries once more at exit
        return error
    return None


def exit_for_stdout(error: OSError) -> NoReturn:
    """Say that stdout cannot be written, and exit."""
    print_error(ThiniceError(f"stdout cannot be written ({error.strerror})", "make space there, or send it elsewhere"))
    raise SystemExit(EXIT_ERROR) from None
