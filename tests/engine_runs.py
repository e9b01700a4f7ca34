"""Runs of the real engine on the small linear models: a request, an observer that interrupts, and a comparison."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.linear_models import ARCH, Files
from thinice_tui.engine.compare import execute, prepare
from thinice_tui.protocol.model_options import ModelOptions
from thinice_tui.protocol.progress import Heartbeat, SilentObserver, StageResult
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Run


class StopAfter(SilentObserver):
    """Records all events, and interrupts the run at the n-th forward pass."""

    def __init__(self, passes: int | None = None) -> None:
        self.passes = passes
        self.seen: list[Heartbeat] = []
        self.stages: list[StageResult] = []
        self.warnings: list[str] = []

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def progress(self, beat: Heartbeat) -> None:
        self.seen.append(beat)
        if self.passes is not None and len(self.seen) >= self.passes:
            raise KeyboardInterrupt

    def stage_finished(self, result: StageResult) -> None:
        self.stages.append(result)


def request(files: Files, run: Path, **changes: object) -> Request:
    """`quick` on the linear models with their control, in batches of 8; changes: its fields, arch, normalize."""
    settings = Settings.build("Linf", "4/255", "quick", batch_size="8", keep_images="all")
    made = Request(
        dense=files.dense,
        pruned=(files.pruned,),
        control=files.control,
        data=str(files.data),
        samples=None,
        device="cpu",
        settings=settings,
        run=run,
        folder=Path.cwd(),
        model_options=ModelOptions(
            arch=(str(changes.pop("arch", ARCH)),), normalize=(str(changes.pop("normalize", "auto")),)
        ),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def run_it(wanted: Request, observer: StopAfter | None = None) -> Run:
    """Run the engine in this process, and read the run file."""
    prepared = prepare(wanted)
    execute(wanted, prepared, observer or StopAfter())
    return read_run(prepared.path)


def outcomes(run: Run) -> list[tuple[np.ndarray, ...]]:
    return [
        (m.clean_margin, m.broken_by, m.worst_prediction, m.worst_margin, m.distance, m.boundary) for m in run.models
    ]


def assert_same_outcomes(first: Run, second: Run) -> None:
    """Check that both runs hold exactly the same results for every sample."""
    for one, other in zip(outcomes(first), outcomes(second), strict=True):
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, other, strict=True))
