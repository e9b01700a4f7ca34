"""Measures the interface's response times in a real pseudo-terminal while an engine attacks in the background.

    python -m tests.benchmarks.interface                     # 1k, 10k, 100k and 1M rows
    python -m tests.benchmarks.interface --rows 1000 10000 --presses 100

For each size a run file is generated. One process adds batches to it as an engine does, another attacks the sample
models, so that both cores are busy. `thinice-tui open` runs in a pseudo-terminal of 120 × 40, and a terminal emulator
(pyte) shows when the change that a key makes is on the screen. Prints a Markdown table.
"""

import argparse
import contextlib
import os
import pty
import re
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import psutil
import pyte

from tests.places import ROOT
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.liveness import is_computing
from thinice_tui.runfile.reader import read_run
from thinice_tui.tui.engine_process import EngineProcess

COLUMNS, LINES = 120, 40
ROWS = (1_000, 10_000, 100_000, 1_000_000)
PATIENCE = 60.0


class Terminal:
    """A program in a pseudo-terminal, and the content of its screen."""

    def __init__(self, command: list[str]) -> None:
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self.started = time.perf_counter()
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execv(command[0], command)
        ioctl(self._fd, TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.process = psutil.Process(self._pid)

    def press(self, keys: str) -> float:
        """Type `keys`; returns when."""
        now = time.perf_counter()
        os.write(self._fd, keys.encode())
        return now

    def wait(self, shown: Callable[[list[str]], bool]) -> float:
        """Wait until `shown` is true of the screen; returns when the bytes arrived that made it so."""
        deadline = time.perf_counter() + PATIENCE
        moment = 0.0
        while not moment and time.perf_counter() < deadline:
            for chunk, arrived in self._arrived(0.1):
                self._stream.feed(chunk)
                if not moment and shown(self._screen.display):
                    moment = arrived
        if not moment:
            raise TimeoutError("\n".join(self._screen.display))
        return moment

    def rest(self, seconds: float) -> None:
        """Read output for that long."""
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            for chunk, _ in self._arrived(0.02):
                self._stream.feed(chunk)

    def _arrived(self, patience: float) -> list[tuple[bytes, float]]:
        """The output and when it arrived. All is read before any is emulated, which takes milliseconds."""
        found: list[tuple[bytes, float]] = []
        while select.select([self._fd], [], [], 0 if found else patience)[0]:
            found.append((os.read(self._fd, 1 << 16), time.perf_counter()))
        return found

    @property
    def display(self) -> list[str]:
        return list(self._screen.display)

    def end(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess, ChildProcessError):
            self.process.kill()
            os.waitpid(self._pid, 0)
        os.close(self._fd)


def selected(display: list[str]) -> str:
    """The sample in the selected row; empty if there is none."""
    return next((line.split()[1] for line in display if line.startswith("▌")), "")


def counted(display: list[str]) -> str:
    """The text such as `366 of 1000` in the line above the table."""
    return display[2][:24].strip()


def header(display: list[str]) -> str:
    return display[3]


def other_than(part: Callable[[list[str]], str], terminal: Terminal) -> Callable[[list[str]], bool]:
    """A test whether a part of the screen is there and differs from what it is now."""
    before = part(terminal.display)
    return lambda display: part(display) not in ("", before)


def attack_on_the_sample_models(folder: Path) -> Request:
    """A `standard` run of two models, which lasts longer than any measurement."""
    models = ROOT / "sample_models"
    settings = Settings.build("Linf", None, "standard")
    return Request(
        dense=models / "dense.pt",
        pruned=(models / "pruned.pt",),
        control=None,
        data=None,
        samples=None,
        device="cpu",
        settings=settings,
        run=folder / "load.thinice",
        folder=folder,
    )


@contextlib.contextmanager
def engines(file: Path, rows: int) -> Iterator[None]:
    """Run a process that adds to `file` and one that attacks the sample models, while the context lasts."""
    with tempfile.TemporaryDirectory() as folder:
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.big_run", str(file), str(rows), "--attack"],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        load = EngineProcess(attack_on_the_sample_models(Path(folder)))
        try:
            assert writer.stdout is not None
            writer.stdout.readline()
            announced = load.announcement()
            assert announced is not None, load.last_messages()
            time.sleep(3)
            yield
            assert writer.poll() is None, "the writer ended before the measurement did"
            assert not read_run(announced.run).complete, "the engine ended before the measurement did"
        finally:
            writer.kill()
            writer.wait()
            load.kill()
            load.wait()


def latencies(terminal: Terminal, keys: str, presses: int) -> list[float]:
    """Seconds from each key press until the selected row has changed on the screen."""
    found = []
    for number in range(presses):
        key = keys[number % len(keys)]
        changed = other_than(selected, terminal)
        began = terminal.press(key)
        found.append(terminal.wait(changed) - began)
        terminal.rest(0.03)  # a fast typist
    return found


def measure(file: Path, rows: int, presses: int) -> dict[str, str]:
    """The cells of one row of the table."""
    command = [sys.executable, "-m", "thinice_tui", "open", str(file)]
    firsts = []
    for _ in range(5):
        terminal = Terminal(command)
        firsts.append(terminal.wait(lambda display: any("thinice" in line for line in display)) - terminal.started)
        terminal.end()
    terminal = Terminal(command)
    table = terminal.wait(lambda display: selected(display) != "") - terminal.started
    terminal.rest(3)
    moves = latencies(terminal, "jjjjkjjjjj", presses)
    pages = latencies(terminal, "\x06", max(10, presses // 10))
    terminal.press("g")
    terminal.rest(1)

    sorts = []
    for _ in range(6):
        changed = other_than(header, terminal)
        began = terminal.press("s")
        sorts.append(terminal.wait(changed) - began)
        terminal.rest(0.5)
    filters = []
    for query in ("set=S10", "margin<0.5"):
        terminal.press("/")
        terminal.rest(0.5)
        terminal.press(query[:-1])
        terminal.rest(1)
        changed = other_than(counted, terminal)
        began = terminal.press(query[-1])
        filters.append(terminal.wait(changed) - began)
        terminal.rest(0.5)
        terminal.press("\r")
        terminal.rest(0.5)
        terminal.press("\x1b")
        terminal.rest(1)
    memory = terminal.process.memory_info().rss / 1e6
    terminal.end()
    return {
        "rows": f"{rows:,}",
        "first frame s": f"{statistics.median(firsts):.2f} ({min(firsts):.2f} to {max(firsts):.2f})",
        "first rows s": f"{table:.2f}",
        "key to paint ms, median / 99 % / worst": _milliseconds(moves),
        "page ms, median / 99 % / worst": _milliseconds(pages),
        "sort ms, worst of 6": f"{1000 * max(sorts):.0f}",
        "filter ms, worst of 2": f"{1000 * max(filters):.0f}",
        "memory MB": f"{memory:.0f}",
    }


def first_flips(folder: Path) -> str:
    """The README's first command: seconds from the first frame to the first sample known to be lost."""
    models = [str(ROOT / "sample_models" / name) for name in ("dense.pt", "pruned.pt")]
    command = [sys.executable, "-m", "thinice_tui", "compare", *models, "--attack", "quick"]
    found = []
    for number in range(3):
        file = folder / f"flips-{number}.thinice"
        terminal = Terminal([*command, "--run", str(file)])
        frame = terminal.wait(lambda display: any("thinice" in line for line in display))
        rows = terminal.wait(lambda display: selected(display) != "")
        flips = terminal.wait(lambda display: re.search(r"lost [1-9]", display[2]) is not None)
        found.append((frame - terminal.started, rows - frame, flips - frame))
        terminal.press("q")
        terminal.wait(lambda display: any("Stop it after this batch" in line for line in display))
        terminal.press("\x1b[B\r")  # the second choice
        with contextlib.suppress(OSError):  # it has ended
            terminal.rest(PATIENCE)
        terminal.end()
        while is_computing(read_run(file)):  # the engine ends its batch
            time.sleep(0.5)
    frame, rows, flips = (statistics.median(column) for column in zip(*found, strict=True))
    return (
        f"`compare` on the sample models, median of 3: first frame {frame:.2f} s after the start, then first rows "
        f"after {rows:.1f} s and first flips after {flips:.1f} s (worst {max(row[2] for row in found):.1f} s)."
    )


def _milliseconds(times: list[float]) -> str:
    ordered = sorted(1000 * seconds for seconds in times)
    high = ordered[min(len(ordered) - 1, round(0.99 * (len(ordered) - 1)))]
    return f"{statistics.median(ordered):.0f} / {high:.0f} / {ordered[-1]:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--presses", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="keep the generated files there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        folder = arguments.folder or Path(own)
        os.environ["XDG_CONFIG_HOME"] = own  # nobody's settings
        print(first_flips(Path(own)) + "\n", flush=True)
        for number, rows in enumerate(arguments.rows):
            file = folder / f"{rows}.thinice"
            with engines(file, rows):
                line = measure(file, rows, arguments.presses)
            if number == 0:
                print("| " + " | ".join(line) + " |\n|" + "---|" * len(line))
            print("| " + " | ".join(line.values()) + " |", flush=True)


if __name__ == "__main__":
    main()
