"""Measures the interface's response times in a real pseudo-terminal while an engine attacks in the background.

    python -m tests.benchmarks.interface                     # 1k, 10k, 100k and 1M rows
    python -m tests.benchmarks.interface --rows 1000 10000 --presses 100
    python -m tests.benchmarks.interface --rows 100000 --models 5   # the ladder
    python -m tests.benchmarks.interface --beside                   # on a machine that is busy anyway

For each size a run file is generated. One process adds batches to it as an engine does, another attacks the sample
models, so that both cores are busy; with --beside that one is left out. `thinice-tui open` runs in a pseudo-terminal
of 120 × 40, and a terminal emulator (pyte) shows when the change that a key makes is on the screen. The package is
compiled before, as pip does when it installs one. Prints a Markdown table.
"""

import argparse
import compileall
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
        self._poll = select.poll()  # select() takes no descriptor above 1023
        self._poll.register(self._fd, select.POLLIN)

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
        while self._poll.poll(0 if found else 1000 * patience):
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


def table_of(display: list[str]) -> str:
    """The header and the first rows: a sort changes one of them, also where its column is out of sight."""
    return "\n".join(display[3:18])


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
def writer(file: Path, rows: int, models: int) -> Iterator[None]:
    """Run a process that makes `file` and adds to it, while the context lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.big_run", str(file), str(rows), "--models", str(models), "--attack"],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        assert process.poll() is None, "the writer ended before the measurement did"
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def engine() -> Iterator[None]:
    """Run a process that attacks the sample models, while the context lasts."""
    with tempfile.TemporaryDirectory() as folder:
        load = EngineProcess(attack_on_the_sample_models(Path(folder)))
        try:
            announced = load.announcement()
            assert announced is not None, load.last_messages()
            time.sleep(3)
            yield
            assert not read_run(announced.run).complete, "the engine ended before the measurement did"
        finally:
            load.kill()
            load.wait()


def latencies(
    terminal: Terminal, keys: str, presses: int, part: Callable[[list[str]], str] = selected, rest: float = 0.03
) -> tuple[list[float], float]:
    """Seconds from each key press until a part of the screen has changed; processor seconds of the interface a key.

    rest: seconds between two keys; the default is a fast typist's.
    """
    found, before = [], sum(terminal.process.cpu_times()[:2])
    for number in range(presses):
        key = keys[number % len(keys)]
        changed = other_than(part, terminal)
        began = terminal.press(key)
        found.append(terminal.wait(changed) - began)
        terminal.rest(rest)
    return found, (sum(terminal.process.cpu_times()[:2]) - before) / presses


def measure(file: Path, rows: int, models: int, presses: int) -> dict[str, str]:
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
    moves, processor = latencies(terminal, "jjjjkjjjjj", presses)
    pages, _ = latencies(terminal, "\x06", max(10, presses // 10))
    terminal.press("g")
    terminal.rest(1)
    sorts, of_sorts = latencies(terminal, "s", 6, table_of, 0.5)
    reverses, of_reverses = latencies(terminal, "r", 6, table_of, 0.5)
    others = latencies(terminal, "]", 6, lambda display: display[0], 0.5)[0] if models > 2 else []
    filters = []
    for query in ("set=S10", "margin<0.5", *(["set@pruned-90=S10"] if models > 2 else [])):
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
        "rows × models": f"{rows:,} × {models}",
        "first frame s": f"{statistics.median(firsts):.2f} ({min(firsts):.2f} to {max(firsts):.2f})",
        "first rows s": f"{table:.2f}",
        "key to paint ms, median / 99 % / worst": _milliseconds(moves),
        "page ms, median / 99 % / worst": _milliseconds(pages),
        "sort ms, worst of 6": f"{1000 * max(sorts):.0f}",
        "reverse ms, worst of 6": f"{1000 * max(reverses):.0f}",
        "next model ms, worst of 6": f"{1000 * max(others):.0f}" if others else "",
        f"filter ms, worst of {len(filters)}": f"{1000 * max(filters):.0f}",
        "processor ms a key, a sort, a reversal": f"{1000 * processor:.0f}, {1000 * of_sorts:.0f}, "
        f"{1000 * of_reverses:.0f}",
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
    parser.add_argument("--models", type=int, default=2, help="from 3 on the ladder is measured")
    parser.add_argument("--beside", action="store_true", help="no engine of its own: the machine is busy anyway")
    parser.add_argument("--folder", type=Path, help="keep the generated files there")
    arguments = parser.parse_args()
    compileall.compile_dir(str(ROOT / "thinice_tui"), quiet=1)
    with tempfile.TemporaryDirectory() as own:
        folder = arguments.folder or Path(own)
        os.environ["XDG_CONFIG_HOME"] = own  # nobody's settings
        if not arguments.beside:
            print(first_flips(Path(own)) + "\n", flush=True)
        for number, rows in enumerate(arguments.rows):
            file = folder / f"{rows}-{arguments.models}.thinice"
            with writer(file, rows, arguments.models), contextlib.nullcontext() if arguments.beside else engine():
                line = measure(file, rows, arguments.models, arguments.presses)
            if number == 0:
                print("| " + " | ".join(line) + " |\n|" + "---|" * len(line))
            print("| " + " | ".join(line.values()) + " |", flush=True)


if __name__ == "__main__":
    main()
