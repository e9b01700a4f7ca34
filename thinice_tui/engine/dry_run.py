"""What a run would do, without doing it: models, selection, stages, passes, bytes and time."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from thinice_tui.data.samples import Samples
from thinice_tui.engine.plan import RunModel, make_plan
from thinice_tui.engine.worker.attack_model import prepare_attack_model
from thinice_tui.engine.worker.device import default_batch_size, describe, full_precision
from thinice_tui.protocol.durations import duration, short
from thinice_tui.protocol.ensembles import Phase, build_phases
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.resume import run_state

TIMED = 32
"""Images in the batch that is timed on each model."""
REPEATS = 3


@dataclass(frozen=True)
class PlannedStage:
    """One stage against all models together: passes in images, at most, as if every sample stood."""

    name: str
    forwards: int
    backwards: int
    seconds: float
    note: str


@dataclass(frozen=True)
class DryRun:
    """Everything that is known of a run before it begins.

    models: what each is; run: where it would be kept, and state: what is there; bytes: of the run file, at most;
    seconds: at most, from a batch timed on each model, as if every sample stood to the end.
    """

    models: tuple[str, ...]
    data: str
    samples: int
    classes: int
    threat_model: str
    device: str
    batch_size: int
    stages: tuple[PlannedStage, ...]
    run: str
    state: str
    bytes: int
    seconds: float
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)

    def text(self) -> str:
        """For people."""
        lines = [*self.models, "", f"data       {self.data}", f"samples    {self.samples} of {self.classes} classes"]
        lines += [f"attack     {self.threat_model}", f"device     {self.device}, batches of {self.batch_size}", ""]
        width = max(len(stage.name) for stage in self.stages)
        lines.append(f"{'stage':<{width}}  {'forward':>9}  {'backward':>9}  at most")
        for stage in self.stages:
            passes = f"{short(stage.forwards):>9}  {short(stage.backwards):>9}"
            lines.append(f"{stage.name:<{width}}  {passes}  {duration(stage.seconds)}")
            lines += [f"{'':<{width}}  {stage.note}"] if stage.note else []
        lines += ["", f"time       at most {duration(self.seconds)}, as if no sample broke"]
        lines += [f"run file   {self.run} ({self.state}), at most {short(self.bytes)}B"]
        lines += [f"warning: {warning}" for warning in self.warnings]
        return "\n".join(["Nothing is attacked and nothing written (--dry-run). This is what would run:", "", *lines])


def planned(
    models: Sequence[RunModel],
    samples: Samples,
    settings: Settings,
    classes: int,
    device: torch.device,
    path: Path,
    warnings: Sequence[str],
) -> DryRun:
    """Time a batch on each model, and count what the stages would cost. Raises RunFileError for another run at `path`.

    warnings: of before.
    """
    stages = build_phases(settings.attack, classes, settings.distances)
    state = run_state(path, make_plan(models, samples, settings, stages, device, classes), [m.record() for m in models])
    seconds = [_timed(model, samples, settings, device) for model in models]
    costs = tuple(_planned(stage, classes, len(samples), seconds) for stage in stages)
    return DryRun(
        models=tuple(_described(model) for model in models),
        data=samples.source,
        samples=len(samples),
        classes=classes,
        threat_model=f"{settings.norm} eps {settings.eps.text}, {settings.attack}, seed {settings.seed}",
        device=describe(device),
        batch_size=settings.batch_size or default_batch_size(device),
        stages=costs,
        run=str(path),
        state=state,
        bytes=_bytes(samples, settings, len(models), classes),
        seconds=sum(cost.seconds for cost in costs),
        warnings=tuple(warnings),
    )


def _described(model: RunModel) -> str:
    record = model.record()
    sparsity = f"{100 * record.sparsity_conv_linear:.1f} % sparse"
    return f"{record.role:<10} {record.path}: {record.arch}, {record.parameters:,} parameters, {sparsity}"


def _timed(model: RunModel, samples: Samples, settings: Settings, device: torch.device) -> tuple[float, float]:
    """Seconds of one image's forward pass, and of its backward pass, in the form that is searched with."""
    images = torch.from_numpy(np.resize(samples.floats(slice(TIMED)), (TIMED, *samples.images.shape[1:]))).to(device)
    with full_precision():
        form = prepare_attack_model(model.loaded.classifier().to(device), images, settings.precision)
        forward = both = float("inf")
        for _ in range(REPEATS):
            began = _now(device)
            with torch.no_grad():
                form.exact(images)
            forward = min(forward, _now(device) - began)
            began = _now(device)
            inputs = images.clone().requires_grad_()
            torch.autograd.grad(form.module(inputs).sum(), inputs)
            both = min(both, _now(device) - began)
    return forward / TIMED, max(both - forward, forward) / TIMED


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _planned(stage: Phase, classes: int, samples: int, seconds: Sequence[tuple[float, float]]) -> PlannedStage:
    forwards, backwards = stage.passes(classes)
    took = sum(forwards * forward + backwards * backward for forward, backward in seconds) * samples
    count = samples * len(seconds)
    return PlannedStage(stage.name, forwards * count, backwards * count, took, stage.note)


def _bytes(samples: Samples, settings: Settings, models: int, classes: int) -> int:
    """Of the run file, at most: images as stored, logits, and adversarial images where they are kept."""
    pixels = int(np.prod(samples.images.shape[1:]))
    kept = settings.keep_images != "none" or settings.distances  # whose search starts from them
    adversarial = 4 * pixels if kept else 0
    rows = 100 + 2 * 4 * classes + adversarial
    return len(samples) * (pixels * samples.images.dtype.itemsize + 100 + models * rows)
