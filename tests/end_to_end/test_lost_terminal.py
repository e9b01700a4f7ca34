"""A viewer ends with its terminal and comes back to it; the engine goes on."""

import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.lost_terminals import seconds_without_terminal, seconds_without_tmux
from tests.end_to_end.terminal import TMUX, Pty, Window, terminal, wait_until
from tests.end_to_end.watching import count_batches, engine_of, has_ended
from tests.fake_runs import write_run
from tests.linear_models import SLOW, Files, pruned_weight, save_weight, write_files
from thinice_tui.errors import EXIT_INTERRUPTED
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Role

needs_tmux = pytest.mark.skipif(TMUX is None, reason="tmux is not installed: it is the terminal of these tests")
MADE: dict[str, Role] = {"dense": "dense", "p": "pruned"}
BUSY = 3.0
"""Seconds: within one it ends on a machine that has time for it; here other tests run beside."""


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Window]:
    with terminal(tmp_path) as shell:
        yield shell


@pytest.fixture
def made(tmp_path: Path) -> Path:
    write_run(tmp_path / "made.thinice", MADE, n=400)
    return tmp_path / "made.thinice"


def table(window: Window) -> list[str]:
    """The rows of the table on the screen, without the scrollbar."""
    return [line[:60] for line in window.lines if "class" in line]


def selected(window: Window) -> int:
    """The selected row of the table; -1: none is on the screen."""
    return next((number for number, line in enumerate(table(window)) if line.startswith("▌")), -1)


def press_until(window: Window, key: str, met: Callable[[], bool]) -> None:
    """Press a key that may be pressed again: keys of the moment in which the terminal changes hands are dropped."""

    def pressed() -> bool:
        window.press(key)
        time.sleep(0.5)
        return met()

    window.wait(pressed, f"what {key} does")


def test_no_viewer_outlives_its_terminal(made: Path) -> None:
    chance = random.Random(7)
    times = [seconds_without_terminal(made.parent, made, chance) for _ in range(12)]
    assert max(times) < BUSY, times


@needs_tmux
def test_no_viewer_outlives_tmux(made: Path) -> None:
    chance = random.Random(8)
    times = [seconds_without_tmux(made.parent, made, chance) for _ in range(3)]
    assert max(times) < BUSY, times


@needs_tmux
def test_the_engine_goes_on_without_the_viewer_and_open_attaches_again(tmp_path: Path, window: Window) -> None:
    files: Files = write_files(tmp_path)
    save_weight(files.pruned, pruned_weight(files.task.weight, 0.2, seed=2))
    Path("slow.new").write_text("0.05")
    Path("slow.new").replace("slow")
    options = f"--attack quick --samples 24 --eps 4/255 --batch-size 6 --arch {SLOW}"
    run = tmp_path / "a.thinice"
    lost = window.server.another_window()
    lost.run(f"thinice-tui compare dense.pt pruned.pt --data {files.data.name} {options} --run a.thinice")
    lost.shows("▸ ", "class 0")
    viewer, engine, done = lost.program(), engine_of(run), count_batches(run)
    lost.press("j", "j", "p")
    lost.close()
    wait_until(lambda: has_ended(viewer), "the viewer ends")
    wait_until(lambda: count_batches(run) > done, "the engine goes on")
    assert not has_ended(engine) and not read_run(run).complete
    window.run("thinice-tui open a.thinice")
    window.shows("▸ ", "class 0")
    Path("slow").unlink()
    window.shows("✓ finished")
    wait_until(lambda: has_ended(engine), "the engine ends")
    window.press("q")
    window.is_shell_again()


@needs_tmux
def test_ctrl_z_gives_the_shell_back_and_fg_comes_back_whole(made: Path, window: Window) -> None:
    window.run(f"thinice-tui open {made.name}")
    window.shows("✓ finished", "class 0")
    window.press("j")
    window.wait(lambda: selected(window) == 1, "the second row is selected")
    before, viewer = table(window), window.program()
    for _ in range(2):
        window.press("C-z")
        window.shows("Stopped")
        window.is_at_prompt()
        assert viewer.status() == psutil.STATUS_STOPPED and window.flag("alternate_on") == "0"
        window.run("echo in $((40 + 2)) shell")
        window.shows("in 42 shell")
        window.is_at_prompt()
        window.run("fg")
        window.wait(lambda: table(window) == before and "? help" in window.text, f"the screen as before:\n{before}")
    window.press("C-z")
    window.is_at_prompt()
    window.resize(100, 30)
    window.run("fg")
    window.wait(lambda: any(len(line) > 90 for line in window.lines), "the new width is drawn")
    window.press("q")
    window.is_shell_again()


@needs_tmux
def test_stopped_from_outside_the_shells_fg_comes_back_whole(made: Path, window: Window) -> None:
    window.run(f"thinice-tui open {made.name}")
    window.shows("✓ finished", "class 0", "? help")
    window.wait(lambda: "\n▌" in window.text and len(table(window)) > 15, "the whole table")
    before, viewer = window.text, window.program()
    viewer.send_signal(signal.SIGSTOP)
    window.shows("Stopped", "ready$")  # written over the table: nobody has given the terminal back
    assert viewer.status() == psutil.STATUS_STOPPED
    window.run("fg")
    window.hides("ready$")
    window.wait(lambda: window.text == before, f"the screen as before:\n{before}")
    window.press("j")
    window.wait(lambda: selected(window) == 1, "a key moves on")
    viewer.send_signal(signal.SIGSTOP)
    window.shows("Stopped", "ready$")
    window.run("kill -CONT %1; fg")  # continued in the background, then brought back
    window.hides("ready$")
    window.wait(lambda: selected(window) == 1 and "? help" in window.text, "it is back")
    press_until(window, "G", lambda: selected(window) > 1)
    press_until(window, "g", lambda: selected(window) == 0)
    window.press("q")
    window.is_shell_again()


@needs_tmux
def test_told_to_go_on_without_a_stop_before_it_goes_on(made: Path, window: Window) -> None:
    window.run(f"thinice-tui open {made.name}")
    window.shows("✓ finished", "class 0", "? help")
    window.wait(lambda: "\n▌" in window.text, "the table")
    viewer = window.program()
    for _ in range(3):
        viewer.send_signal(signal.SIGCONT)
    press_until(window, "G", lambda: selected(window) > 0)
    window.press("q")
    window.is_shell_again()


def test_a_sign_to_go_on_while_it_leaves_restarts_nothing(made: Path) -> None:
    shown = Pty([sys.executable, "-m", "thinice_tui", "open", made.name], made.parent)
    try:
        shown.read_until(lambda: b"finished" in shown.written)
        shown.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + BUSY
        while shown.process.poll() is None and time.monotonic() < until:
            shown.process.send_signal(signal.SIGCONT)
            shown.read(0.002)
        assert shown.process.wait(1) == EXIT_INTERRUPTED
        shown.read_until(lambda: b"look again" in shown.written)
        assert shown.attributes() == shown.before
        assert shown.written.rfind(b"\x1b[?1049l") > shown.written.rfind(b"\x1b[?1049h")
        assert b"Traceback" not in shown.written
    finally:
        shown.close()


@needs_tmux
def test_a_terminal_that_only_prints_lines_is_refused(made: Path, window: Window) -> None:
    window.run(f"clear; TERM=dumb thinice-tui open {made.name}; echo code $?")
    window.shows("code 2", "TERM=dumb", "thinice-tui report")
    window.is_shell_again()


@needs_tmux
def test_an_ascii_locale_gets_ascii(made: Path, window: Window) -> None:
    window.run(f"LC_ALL=C thinice-tui open {made.name}")
    window.shows("finished", "class 0", "v S10")
    assert window.text.isascii()
    window.press("Enter")
    window.shows("logits")
    assert window.text.isascii() and "?" not in window.text.replace("? help", "")
    window.press("q")
    window.is_shell_again()
