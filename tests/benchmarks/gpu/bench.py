"""What the parts of the benchmark work with: the device, the time left, runs of the engine, clocks and tables."""

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from tests.places import SAMPLE_MODELS
from thinice_tui.engine.compare import execute, prepare
from thinice_tui.protocol.progress import Observer, SilentObserver
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Precision, Settings
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Run

PRECISIONS: tuple[Precision, ...] = ("fp32", "tf32", "bf16")
OUT_OF_TIME = "left out, the part's time was over"


class OutOfTime(KeyboardInterrupt):
    """A part's time is over. It passes through the engine and through other packages as ctrl+c does."""


@dataclass
class Bench:
    """One part's surroundings.

    small: few images, small networks and short attacks, to see that everything runs; its figures mean nothing.
    """

    device: torch.device
    small: bool
    folder: Path
    """Where run files are kept while the benchmark runs."""
    deadline: float
    """When the part's time is over, on the monotonic clock."""

    @property
    def left(self) -> float:
        """Seconds left of the part's time."""
        return self.deadline - time.monotonic()

    @property
    def cuda(self) -> bool:
        return self.device.type == "cuda"

    def wait(self) -> None:
        """Until the device has done what it was given."""
        if self.cuda:
            torch.cuda.synchronize(self.device)

    def seconds(self, work: Callable[[], object], most: float) -> float:
        """The median seconds of `work`, repeated for at most that long, at least twice after a first time."""
        work()
        self.wait()
        found, began = list[float](), time.perf_counter()
        while len(found) < 2 or (time.perf_counter() - began < most and not self.small):
            before = time.perf_counter()
            work()
            self.wait()
            found.append(time.perf_counter() - before)
        return statistics.median(found)

    def request(
        self,
        name: str,
        attack: str,
        precision: Precision = "fp32",
        samples: int = 1000,
        models: Sequence[str] = ("dense", "pruned"),
        batch_size: str = "auto",
        most: float | None = None,
    ) -> Request:
        """A run of the shipped models on the device; most: its time limit in seconds."""
        return Request(
            dense=SAMPLE_MODELS / f"{models[0]}.pt",
            pruned=tuple(SAMPLE_MODELS / f"{other}.pt" for other in models[1:]),
            control=None,
            data=None,
            samples=4 if self.small else samples,
            device=str(self.device),
            settings=Settings.build("Linf", None, "pgd-2" if self.small else attack, 0, batch_size, "none", precision),
            run=self.folder / f"{name}.thinice",
            folder=Path.cwd(),
            time_limit=most,
        )

    def run(self, request: Request, observer: Observer | None = None) -> tuple[Run, float]:
        """The run and the seconds it took, without reading models and data. Raises Interrupted at its time limit."""
        prepared = prepare(request)
        prepared.path.unlink(missing_ok=True)
        began = time.perf_counter()
        execute(request, prepared, observer or SilentObserver())
        return read_run(prepared.path), time.perf_counter() - began


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; floats with three digits."""
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value).replace("|", "/")


def first_line(error: BaseException) -> str:
    """What an error says, in one line."""
    return f"{type(error).__name__}: {(str(error) or 'no message').splitlines()[0][:160]}"
