"""Output that never waits for ever, and a terminal that is gone. Whole sessions are in tests/end_to_end/."""

import fcntl
import io
import os
import pty
import signal
import termios
import threading
from collections.abc import Iterator

import pytest

from thinice_tui.tui.terminal_driver import TerminalOutput, has_shell, is_hung_up, restore

Ends = tuple[int, int]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """A pseudo-terminal: the end of a terminal program, and that of the interface."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    for end in (ours, theirs):
        try:
            os.close(end)
        except OSError:
            continue


def output_to(terminal: int, encoding: str = "utf-8") -> TerminalOutput:
    return TerminalOutput(io.TextIOWrapper(io.FileIO(terminal, "wb", closefd=False), encoding=encoding))


def test_what_is_written_comes_with_the_flush(ends: Ends) -> None:
    ours, theirs = ends
    output = output_to(theirs)
    assert output.isatty() and output.fileno() == theirs
    output.write("a")
    output.write("▀")
    output.flush()
    assert os.read(ours, 100).decode() == "a▀"


def test_what_an_encoding_lacks_is_replaced(ends: Ends) -> None:
    output = output_to(ends[1], "ascii")
    output.write("a▀")
    output.flush()
    assert os.read(ends[0], 100) == b"a?"


@pytest.mark.parametrize("least", [0, 1500], ids=["low descriptor", "beyond those of select()"])
def test_a_terminal_that_does_not_block_gets_everything(least: int, ends: Ends) -> None:
    ours, theirs = ends[0], fcntl.fcntl(ends[1], fcntl.F_DUPFD_CLOEXEC, least)
    os.set_blocking(theirs, False)
    output = output_to(theirs)
    output.write("x" * 200_000)
    writer = threading.Thread(target=output.flush, daemon=True)
    writer.start()
    read = 0
    while read < 200_000:
        read += len(os.read(ours, 100_000))
    writer.join(5)
    assert not writer.is_alive()
    os.close(theirs)


def test_what_is_written_to_a_lost_terminal_is_dropped(ends: Ends) -> None:
    ours, theirs = ends
    assert not is_hung_up(theirs)
    os.close(ours)
    assert is_hung_up(theirs)
    output = output_to(theirs)
    for _ in range(100):
        output.write("x" * 100_000)
        output.flush()


def test_a_terminal_is_restored_without_waiting(ends: Ends) -> None:
    ours, theirs = ends
    before = termios.tcgetattr(theirs)
    changed = termios.tcgetattr(theirs)
    changed[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, changed)
    restore(theirs, before, "look again")
    assert termios.tcgetattr(theirs) == before
    shown = os.read(ours, 1000)
    assert b"\x1b[?1049l" in shown and b"\x1b[?25h" in shown and b"\x1b[?1003l" in shown and b"look again" in shown

    os.set_blocking(theirs, False)  # full: nobody reads
    with pytest.raises(BlockingIOError):
        while True:
            os.write(theirs, b"x" * 1000)
    restore(theirs, before, "")


def test_a_program_without_a_shell_has_none() -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # the leader of a session of its own has nobody who would continue it
        os.setsid()
        os.write(write, str(has_shell()).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert os.read(read, 10) == b"False"
    for end in (read, write):
        os.close(end)
