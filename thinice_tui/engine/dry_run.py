"""A dry run: models, samples, stages, passes, file size and time of a run that is not carried out."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from thinice_tui.analysis.sparsity import sparsity_words
from thinice_tui.data.samples import Samples
from thinice_tui.engine.plan import make_plan
from thinice_tui.engine.run_model import RunModel
from thinice_tui.engine.worker.attack_model import prepare_attack_model
from thinice_tui.engine.worker.batch_fit import fitting_batch_size
from thinice_tui.engine.worker.device import describe
from thinice_tui.engine.worker.full_precision import full_precision
from thinice_tui.protocol.audit import AuditSize
from thinice_tui.protocol.durations import duration, short
from thinice_tui.protocol.ensembles import Phase, Stage
from thinice_tui.protocol.phases import build_phases
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.records import ModelRecord
from thinice_tui.runfile.resume import run_state

TIMED = 32
"""Images in the batch on which each model is timed."""
REPEATS = 3
"""Timings of the batch, of which the fastest counts."""


@dataclass(frozen=True)
class PlannedStage:
    """Upper bounds for one stage against all models: passes in images, and seconds, if no sample breaks."""

    name: str
    forwards: int
    backwards: int
    seconds: float
    note: str


@dataclass(frozen=True)
class DryRun:
    """What is known of a run before it begins.

    models: a line for each; run: the path of its file; state: what is there now; bytes: the largest size of the file;
    seconds: an upper bound, from a batch timed on each model, that assumes that no sample breaks.
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
        """The fields as a JSON document."""
        return asdict(self)

    def text(self) -> str:
        """The dry run as text."""
        lines = [*self.models, "", f"data       {self.data}", f"samples    {self.samples} of {self.classes} classes"]
        lines += [f"attack     {self.threat_model}", f"device     {self.device}, batches of {self.batch_size}", ""]
        width = max(len(stage.name) for stage in self.stages)
        lines.append(f"{'stage':<{width}}  {'forward':>9}  {'backward':>9}  at most")
        for stage in self.stages:
            passes = f"{short(stage.forwards):>9}  {short(stage.backwards):>9}"
            lines.append(f"{stage.name:<{width}}  {passes}  {duration(stage.seconds)}")
            lines += [f"{'':<{width}}  {stage.note}"] if stage.note else []
        lines += ["", f"time       at most {duration(self.seconds)}, if no sample breaks"]
        lines += [f"run file   {self.run} ({self.state}), at most {short(self.bytes)}B"]
        lines += [f"warning: {warning}" for warning in self.warnings]
        return "\n".join(["Dry run: nothing is attacked and nothing written. This is what would run:", "", *lines])


def plan_dry_run(
    models: Sequence[RunModel],
    samples: Samples,
    settings: Settings,
    classes: int,
    device: torch.device,
    path: Path,
    warnings: Sequence[str],
) -> DryRun:
    """Time a batch on each model and compute the bounds of each stage.

    warnings: those of the checks, to be shown with it. Raises RunFileError where `path` holds another run.
    """
    stages = build_phases(settings, classes)
    records = [model.record() for model in models]
    state = run_state(path, make_plan(models, samples, settings, stages, device, classes), records)
    timed = [_time_passes(model, samples, settings, device) for model in models]
    seconds = [one[:2] for one in timed]
    audited = AuditSize.parse(settings.audit).of(len(samples))  # no sample is attacked in the audit and after it, too
    escalated = len(samples) - audited if audited else 0  # without an audit nothing sends them on
    most = {"all": len(samples), "audit": audited, "escalation": escalated}
    costs = tuple(
        _plan_stage(stage, classes, most[stage.scope if isinstance(stage, Stage) else "all"], seconds)
        for stage in stages
    )
    return DryRun(
        models=tuple(_model_line(record, records[0]) for record in records),
        data=samples.source,
        samples=len(samples),
        classes=classes,
        threat_model=f"{settings.norm} eps {settings.eps.text}, {settings.attack_shown}, seed {settings.seed}",
        device=describe(device),
        batch_size=min(size for *_, size in timed),
        stages=costs,
        run=str(path),
        state=state,
        bytes=_max_file_size(samples, settings, len(models), classes),
        seconds=sum(cost.seconds for cost in costs),
        warnings=tuple(warnings),
    )


def _model_line(record: ModelRecord, dense: ModelRecord) -> str:
    """Role, path, architecture, parameters and sparsity."""
    sparsity = ", ".join(sparsity_words(record, dense))
    return f"{record.role:<10} {record.path}: {record.arch}, {record.parameters:,} parameters, {sparsity}"


def _time_passes(
    model: RunModel, samples: Samples, settings: Settings, device: torch.device
) -> tuple[float, float, int]:
    """Seconds per image of a forward pass of the model, and of a backward pass of its faster form that attacks use.

    Third, the batch size that fits the model.
    """
    few = np.resize(samples.floats(slice(TIMED)), (TIMED, *samples.images.shape[1:]))
    images = torch.from_numpy(few).to(device)
    with full_precision():
        attack_model = prepare_attack_model(model.loaded.classifier().to(device), images, settings.precision)
        forward = both = float("inf")
        for _ in range(REPEATS):
            began = _synchronized_time(device)
            with torch.no_grad():
                attack_model.exact(images)
            forward = min(forward, _synchronized_time(device) - began)
            began = _synchronized_time(device)
            inputs = images.clone().requires_grad_()
            with attack_model.searching():
                torch.autograd.grad(attack_model.module(inputs).sum(), inputs)
            both = min(both, _synchronized_time(device) - began)
        size = settings.batch_size or fitting_batch_size(attack_model, few, device)
    return forward / TIMED, max(both - forward, forward) / TIMED, size


def _synchronized_time(device: torch.device) -> float:
    """Seconds, after all work on the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _plan_stage(stage: Phase, classes: int, samples: int, seconds: Sequence[tuple[float, float]]) -> PlannedStage:
    """The bounds of a stage; seconds: per model, those of a forward and of a backward pass of one image."""
    forwards, backwards = stage.passes(classes)
    took = sum(forwards * forward + backwards * backward for forward, backward in seconds) * samples
    count = samples * len(seconds)
    return PlannedStage(stage.name, forwards * count, backwards * count, took, stage.note)


def _max_file_size(samples: Samples, settings: Settings, models: int, classes: int) -> int:
    """Upper bound of the run file's bytes: images as stored, logits, and adversarial images where they are kept."""
    pixels = int(np.prod(samples.images.shape[1:]))
    # the search for distances starts from the adversarial images, and other models are shown them
    kept = settings.keep_images != "none" or settings.distances or models > 1
    adversarial = 4 * pixels if kept else 0
    rows = 100 + 2 * 4 * classes + adversarial
    return len(samples) * (pixels * samples.images.dtype.itemsize + 100 + models * rows)
