"""The installed program in a real terminal: a whole session of a user, and the accidents that can happen."""

import json
import os
import re
import signal
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.end_to_end.terminal import TMUX, Pty, Window, terminal, wait_until
from tests.end_to_end.watching import count_batches, engine_of, has_ended, uses_torch
from tests.fake_runs import write_run
from tests.linear_models import SLOW, Files, pruned_weight, save_weight, write_files
from thinice_tui.commands.app import app
from thinice_tui.errors import EXIT_INTERRUPTED
from thinice_tui.runfile.liveness import engine_process
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Role
from thinice_tui.runfile.schema import VERSION

needs_tmux = pytest.mark.skipif(TMUX is None, reason="tmux is not installed: it is the terminal of these tests")
OPTIONS = ["--attack", "quick", "--samples", "24", "--eps", "4/255", "--batch-size", "6", "--arch", SLOW]
FAST, SLOWLY = 0.015, 0.25
"""Seconds a forward pass takes: first until there is a result, then so that the run outlasts the test."""
MADE: dict[str, Role] = {"dense": "dense", "p": "pruned"}


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Window]:
    with terminal(tmp_path) as shell:
        yield shell


@pytest.fixture
def run_file(tmp_path: Path) -> Iterator[Path]:
    """The run file; an engine that still computes it is killed after the test."""
    path = tmp_path / "a.thinice"
    yield path
    if path.exists() and (engine := engine_process(read_run(path).engine)) is not None and engine.pid != os.getpid():
        engine.kill()


def compare(files: Files, run: str) -> list[str]:
    names = [file.name for file in (files.dense, files.pruned)]
    return ["compare", *names, "--data", files.data.name, *OPTIONS, "--run", run]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Models of high clean accuracy: otherwise a warning covers the dialogs."""
    found = write_files(tmp_path)
    save_weight(found.pruned, pruned_weight(found.task.weight, 0.2, seed=2))
    return found


def slow_down(seconds: float) -> None:
    """Set how long a forward pass of the engine's models takes from now on."""
    Path("slow.new").write_text(str(seconds))
    Path("slow.new").replace("slow")


def state(run: Path) -> str:
    beat = read_run(run).heartbeat
    return "" if beat is None else beat.state


def outcomes(run: str) -> object:
    """Every sample's outcome and the comparisons in the JSON report."""
    result = CliRunner().invoke(app, ["report", run, "--format", "json", "--samples-in-report"])
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["run"]["complete"]
    return found["samples"], found["comparisons"]


def rows(window: Window) -> list[tuple[bool, int]]:
    """The rows of the table on the screen: (is it the selected one, the sample's index)."""
    found = (re.match(r"(▌| ) +(\d+) class \d", line) for line in window.lines)
    return [(match[1] == "▌", int(match[2])) for match in found if match]


def selected(window: Window) -> int:
    return next((sample for chosen, sample in rows(window) if chosen), -1)


def is_selected(window: Window, row: int) -> bool:
    """Whether the row of that place on the screen is the selected one; −1: the last row."""
    found = rows(window)
    return len(found) > 1 and found[row][0]


def check_responsive(window: Window) -> None:
    """Check that the interface answers a key."""
    before = selected(window)
    window.press("j")
    window.wait(lambda: selected(window) not in (before, -1), "the next row is selected")


def resume(window: Window) -> None:
    """Resume the run through the engine's dialog, when no engine runs."""
    window.press("e")
    window.shows("It is stopped.", "Resume the run")
    window.press("Down", "Down", "Down", "Enter")


@needs_tmux
def test_a_whole_session(files: Files, window: Window, run_file: Path) -> None:
    """Start, browse, leave, return in two terminals, pause, stop, resume; the results equal a headless run's."""
    slow_down(FAST)
    window.run(f"thinice-tui {' '.join(compare(files, run_file.name))}")
    window.shows("starting the engine")
    window.shows("▸ ", " · APGD-", "class 0")  # the first stage is done: sets are known
    slow_down(SLOWLY)

    # look around
    window.wait(lambda: is_selected(window, 0) and len(rows(window)) > 3, "the first row is selected")
    window.press("j")
    window.wait(lambda: is_selected(window, 1), "the second row is selected")
    window.press("G")
    window.wait(lambda: is_selected(window, -1), "the last row is selected")
    window.press("g")
    window.wait(lambda: is_selected(window, 0), "the first row is selected")

    window.press("/")
    window.shows("sample   label=")  # what could be typed
    window.type("set=S10")
    window.press("Enter")
    window.shows("/set=S10")
    count = re.search(r"(\d+) of 24 ", window.text)
    assert count is not None and len(rows(window)) == int(count[1]) > 0
    assert all("▼ S10" in line for line in window.lines if re.match(r"(▌| ) +\d+ class", line))

    lost = selected(window)
    window.press("Enter")
    window.shows(f"#{lost}  class", "▼ S10", "logits", "esc back")
    assert not rows(window)
    window.press("Escape")
    window.wait(lambda: len(rows(window)) == int(count[1]), "the table again, filtered")
    window.press("Escape")
    window.shows("esc once more", "/set=S10")
    window.press("Escape")
    window.shows("24 of 24 ")

    window.press("p")
    window.shows("Margins", "Curve", "dense")
    window.wait(lambda: not rows(window) and re.search(r"[│┤┼┴]", window.text), "a plot with axes")
    window.press("Escape")
    window.wait(lambda: rows(window), "the table again")

    # leave
    window.press("q")
    window.shows("Keep it running in the background", "Stop it after this batch", "Go back")
    window.press("Enter")
    window.shows("look again: thinice-tui open")
    window.is_shell_again()
    engine = engine_of(run_file)
    assert not read_run(run_file).complete, "the view did not wait for the engine"

    # come back, twice
    window.run(f"thinice-tui open {run_file.name}")
    window.shows("▸ ", "class 0")
    other = window.server.another_window()
    other.run(f"thinice-tui open {run_file.name}")
    other.shows("▸ ", "class 0")
    assert uses_torch(engine) and not uses_torch(window.program()) and not uses_torch(other.program())

    # pause, and go on
    window.press("w")
    window.shows("‖ paused")
    other.shows("‖ paused")
    paused, done = read_run(run_file), count_batches(run_file)
    assert paused.heartbeat is not None
    at = paused.heartbeat.at
    wait_until(lambda: (b := read_run(run_file).heartbeat) and b.at > at + 1.2, "signs of life while paused")
    assert state(run_file) == "paused" and count_batches(run_file) == done
    other.press("w")
    other.shows("▸ ")
    window.shows("▸ ")

    # stop
    window.press("e")
    window.shows("It is running. Process", "Stop after this batch", "a.thinice.log")
    window.press("Down", "Enter")
    other.shows("■ stop")  # stopping after this batch, or stopped already
    Path("slow").unlink()
    window.shows("■ stopped", "The engine has stopped")
    other.shows("■ stopped", "The engine has stopped")
    assert has_ended(engine) and count_batches(run_file) > done
    assert not read_run(run_file).complete and not Path(f"{run_file}.control").exists()

    # resume, from the view that did not start it; and lose that view's terminal
    slow_down(SLOWLY)
    resume(window)
    window.shows("Resume the run?", "thinice-tui compare dense.pt pruned.pt")
    window.press("Enter")
    window.shows("▸ ")
    other.shows("▸ ")
    resumed, view = engine_of(run_file), window.program()
    assert resumed.pid != engine.pid
    window.close()
    wait_until(lambda: has_ended(view), "the view ends with its terminal")
    Path("slow").unlink()
    other.shows("✓ finished")
    wait_until(lambda: has_ended(resumed), "the engine ends")
    other.press("q")
    other.is_shell_again()

    whole = CliRunner().invoke(app, [*compare(files, "whole.thinice"), "--report"])
    assert whole.exit_code == 0, whole.stderr
    assert outcomes(run_file.name) == outcomes("whole.thinice")


@needs_tmux
def test_accidents(files: Files, window: Window, run_file: Path) -> None:
    """A killed engine leaves the interface usable; a terminal that hangs up leaves the engine running."""
    slow_down(FAST)
    window.run(f"thinice-tui {' '.join(compare(files, run_file.name))}")
    window.shows("▸ ", " · APGD-", "class 0")
    slow_down(SLOWLY)
    other = window.server.another_window()
    other.run(f"thinice-tui open {run_file.name}")
    other.shows("▸ ", "class 0")

    engine_of(run_file).kill()
    window.shows("The engine was killed (SIGKILL", "pruned · PGD-20:", "Its log:", "a.thinice.log")
    other.shows("The engine has gone without finishing", "pruned · PGD-20:", "Its log:", "a.thinice.log")
    for view in (window, other):
        view.press("Escape")
        view.hides("Its log:")
        assert "■ stopped" in view.text
        check_responsive(view)

    # what is missing when it is resumed is said, and can be mended
    hidden = files.pruned.rename("moved.pt")
    resume(window)
    window.shows("pruned.pt: there is no such file")
    window.press("Escape")
    window.hides("no such file")
    hidden.rename(files.pruned)
    resume(window)
    window.shows("▸ ")
    other.shows("▸ ")
    engine = engine_of(run_file)
    window.program().send_signal(signal.SIGHUP)
    window.shows("the attack goes on in the background", "look again: thinice-tui open")
    window.run("echo code $?")
    window.shows(f"code {EXIT_INTERRUPTED}")
    window.is_shell_again()

    # the same command again: another engine is at it, and this view is attached to that
    window.run(f"thinice-tui {' '.join(compare(files, run_file.name))}")
    window.shows("▸ ", "class 0", "Another engine is computing")
    assert engine_of(run_file).pid == engine.pid and not has_ended(engine)
    engine.kill()
    for view in (window, other):
        view.shows("The engine has gone without finishing", "Resume the run", "Its log:", "a.thinice.log")
    other.press("Escape")
    other.hides("Its log:")
    window.press("Down", "Enter")
    window.shows("▸ ")
    other.shows("▸ ")
    other.press("q")
    other.shows("Stop it after this batch")
    other.press("Down", "Enter")
    other.shows("the attack stops after this batch")
    other.is_shell_again()
    Path("slow").unlink()
    window.shows("■ stopped", "The engine has stopped")
    assert not read_run(run_file).complete


@needs_tmux
def test_resizing(window: Window, tmp_path: Path) -> None:
    """The screen survives a far too small terminal and a large one, also with a dialog open."""
    write_run(tmp_path / "made.thinice", MADE, n=400)
    window.run("thinice-tui open made.thinice")
    window.shows("✓ finished", "class 0", "q quit", " of 400 ")
    before = window.text
    for keys, words, when_small in ((("j", "k"), "class 0", "small: at least 60"), (("x",), "as CSV", "Export")):
        window.press(*keys)
        window.shows(words)
        window.resize(20, 5)
        window.shows(when_small)
        assert max(map(len, window.lines)) <= 20 and len(window.lines) <= 6
        window.resize(120, 40)
        window.shows("✓ finished", "robust")
        window.resize(80, 24)
        window.shows("✓ finished", words)
        window.hides("robust")
    window.press("Escape")
    window.hides("as CSV")
    window.wait(lambda: window.text == before, f"the screen of the beginning:\n{before}")
    check_responsive(window)
    window.press("q")
    window.is_shell_again()


@needs_tmux
def test_quitting_before_anything_is_computed_leaves_no_file(files: Files, window: Window, tmp_path: Path) -> None:
    window.run(f"clear; thinice-tui {' '.join(compare(files, 'a.thinice'))}; echo code $?")
    window.shows("starting the engine")
    view = window.program()
    wait_until(lambda: has_ended(view) or view.children(), "the engine is started")
    engines = view.children()
    window.press("q")
    window.shows("End it: nothing is computed yet")
    window.press("Enter")
    window.shows(f"code {EXIT_INTERRUPTED}")
    assert "memory" not in window.text, "it does not claim that the system ran out of memory"
    window.is_shell_again()
    assert len(engines) == 1
    wait_until(lambda: has_ended(engines[0]), "the engine ends")
    assert not list(tmp_path.glob("a.thinice*"))


@needs_tmux
def test_keys_that_arrive_at_once_after_slash_go_to_the_filter(window: Window, tmp_path: Path) -> None:
    """A slow connection delivers many keys at once: after the filter's key none of them is a command."""
    write_run(tmp_path / "made.thinice", MADE, n=400)
    window.run("thinice-tui open made.thinice")
    window.shows("✓ finished", "class 0", "margin▲")
    window.type("/label=class1 set=S10 margin<9/")
    window.shows(" label=class1 set=S10 margin<9/")
    assert "margin▲" in window.text
    window.press("Escape")
    window.hides("class1")
    window.press("q")
    window.is_shell_again()


@needs_tmux
def test_a_run_file_of_a_newer_version_is_refused_with_one_message(window: Window, tmp_path: Path) -> None:
    write_run(tmp_path / "newer.thinice", MADE, n=20)
    with sqlite3.connect(tmp_path / "newer.thinice") as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    window.run("clear; thinice-tui open newer.thinice; echo code $?")
    window.shows("code 1")
    said = " ".join(window.text.split())
    assert said.startswith("error: newer.thinice: was written by a newer thinice-tui"), said
    assert "upgrade thinice-tui" in said and "Traceback" not in said and said.endswith("code 1 ready$")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_ends_it_and_the_terminal_is_as_before(tmp_path: Path, number: signal.Signals) -> None:
    write_run(tmp_path / "made.thinice", MADE, n=50)
    shown = Pty([sys.executable, "-m", "thinice_tui", "open", "made.thinice"], tmp_path)
    try:
        shown.read_until(lambda: b"class" in shown.written and b"quit" in shown.written)
        assert shown.attributes() != shown.before, "it changes the terminal's settings"
        assert b"\x1b[?1049h" in shown.written and b"\x1b[?25l" in shown.written
        shown.process.send_signal(number)
        shown.read_until(lambda: shown.process.poll() is not None and b"look again" in shown.written)
        assert shown.process.returncode == EXIT_INTERRUPTED
        assert shown.attributes() == shown.before
        for mode in (b"1049", b"1000", b"1003", b"1006", b"2004"):  # the alternate screen, the mouse, pasting
            on, off = (shown.written.rfind(b"\x1b[?" + mode + end) for end in (b"h", b"l"))
            assert off > on or on == off == -1, mode
        assert shown.written.rfind(b"\x1b[?25h") > shown.written.rfind(b"\x1b[?25l"), "the cursor is hidden"
        assert b"Traceback" not in shown.written
    finally:
        shown.close()
