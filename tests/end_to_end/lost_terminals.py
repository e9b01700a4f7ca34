"""Terminals that vanish while the interface draws: how long it then lives on."""

import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.end_to_end.terminal import Pty, terminal, wait_until
from tests.end_to_end.watching import has_ended

KEYS = ("j", "k", "p", "P", "\r", "\x1b[6~", "s", "r", "?", "\x10", "G", "g", "v", "1", "0", "/", "x", "\x03")
"""Keys that draw much, open screens or dialogs, or begin to leave."""
ENOUGH = 10.0
"""Seconds after which a program that still lives is a survivor, however slow the machine is."""


def end_of(process: subprocess.Popen[bytes]) -> float:
    """The time of its end; that of a survivor is at least ENOUGH from now."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(ENOUGH)
    return time.monotonic()


def seconds_without_terminal(folder: Path, run: Path, chance: random.Random) -> float:
    """Open `run` in a pseudo-terminal, press keys, take the terminal away at some moment; how long it lived on.

    Some terminals are lost while nobody reads what they are sent, and some before the first frame.
    """
    shown = Pty([sys.executable, "-m", "thinice_tui", "open", str(run)], folder, (140, 40))
    try:
        if chance.random() < 0.1:
            time.sleep(chance.random())
        else:
            shown.read_until(lambda: b"finished" in shown.written)
            for key in chance.choices(KEYS, k=chance.randint(1, 12)):
                shown.type(key)
            if chance.random() < 0.5:
                until = time.monotonic() + 0.3 * chance.random()
                shown.read_until(lambda: time.monotonic() > until)
            else:
                time.sleep(0.3 * chance.random())
        lost = time.monotonic()
        shown.hang_up()
        return end_of(shown.process) - lost
    finally:
        shown.close()


def seconds_without_tmux(folder: Path, run: Path, chance: random.Random) -> float:
    """The same in a window of tmux, whose server is killed: how long it lived on after its shell had ended."""
    with terminal(folder) as window:
        window.resize(140, 40)
        window.run(f"thinice-tui open {run}")
        window.shows("finished")
        viewer = window.program()
        shell = viewer.parent()
        assert shell is not None
        for key in chance.choices(("j", "j", "p", "P", "Enter", "v", "Escape", "PageDown"), k=chance.randint(1, 4)):
            window.press(key)
        os.kill(int(window.server("display-message", "-p", "#{pid}")), 15)
        wait_until(lambda: has_ended(shell), "the shell ends")
        lost = time.monotonic()
        wait_until(lambda: has_ended(viewer) or time.monotonic() > lost + ENOUGH, "the interface ends")
        return time.monotonic() - lost
