"""The comparison of models: from a request to a prepared run, and from there to a run file or a dry run."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from thinice_tui.data.samples import Samples
from thinice_tui.data.selection import select
from thinice_tui.data.spec import read_samples, stored_spec
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.cluster.build import check_workers
from thinice_tui.engine.dry_run import DryRun, plan_dry_run
from thinice_tui.engine.load_models import load_models
from thinice_tui.engine.plan import default_path, make_plan
from thinice_tui.engine.preflight.budget import check_budget
from thinice_tui.engine.preflight.checks import check_models
from thinice_tui.engine.preflight.forms import choose_forms
from thinice_tui.engine.preflight.normalization_candidates import dataset_normalizations
from thinice_tui.engine.preflight.trial import describe_trial
from thinice_tui.engine.run import ALONE, PROBED, run_comparison
from thinice_tui.engine.run_model import RunModel
from thinice_tui.engine.worker.device import choose_device
from thinice_tui.engine.worker.full_precision import full_precision
from thinice_tui.models.load import LoadedModel
from thinice_tui.models.pruning_warnings import warnings_of_same_weights, warnings_of_unpruned
from thinice_tui.models.weight_similarity import (
    WeightSimilarity,
    compare_models,
    warning_if_unrelated,
    warnings_of_unused_keep,
)
from thinice_tui.protocol.progress import Observer, ReadCallback, read_silently
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings
from thinice_tui.protocol.worker_options import WorkerOptions
from thinice_tui.runfile.liveness import this_engine
from thinice_tui.runfile.resume import check_continues
from thinice_tui.runfile.run_claim import RunClaim


@dataclass(frozen=True)
class PreparedRun:
    """Models and data, read and checked, and the path of the run file."""

    models: tuple[RunModel, ...]
    samples: Samples
    probe: StratifiedSample
    """Samples spread over the whole data set, independent of the selection."""
    path: Path
    device: torch.device
    """Chosen once: `auto` takes the GPU with the most free memory, which the models themselves change."""
    notes: tuple[str, ...] = ()
    """Decisions that the user should know, such as a normalisation that was chosen."""
    warnings: tuple[str, ...] = ()
    """Reasons to doubt the comparison."""
    budget: tuple[str, ...] = ()
    """Reasons to doubt the size of eps."""
    origin: Mapping[str, object] = field(default_factory=dict)
    """Values for the run table, each by model: `architecture`, `normalization`, `kinship`, and code that ran."""


def prepare(request: Request, reading: ReadCallback = read_silently) -> PreparedRun:
    """Read and check models and data; nothing is written. reading: is told what is read. Raises ThiniceError."""
    if request.worker_options.many:
        check_workers(request.worker_options)
    files = request.files()
    options = request.model_options.for_files(files)
    names, total = [file.name for file in files], len(files) + 2
    loaded = list(load_models(files, options, lambda number: reading(names[number], number + 1, total)))
    similarities = [compare_models(loaded[0], other) for other in loaded[1:]]
    reading("the data", total - 1, total)
    spec, whole = _data(request, loaded[0])
    samples = select(whole, request.data_options, request.samples)
    probe = StratifiedSample(whole, samples.images.shape[1:])
    reading("how the models take their images", total, total)
    usual = dataset_normalizations(spec, probe)
    # the machines of a cluster may have GPUs where this one has none
    precision = "fp32" if request.worker_options.ray is not None else request.settings.precision
    device = choose_device(request.worker_options.first_device or request.device, precision)
    with full_precision():
        forms = choose_forms(loaded, names, probe, usual, device)
    decided, trials = forms.models, forms.normalizations
    if any(forms.architectures):
        similarities = [compare_models(decided[0], other) for other in decided[1:]]
    models = tuple(
        RunModel(file.role, file.name, model, own) for file, model, own in zip(files, decided, options, strict=True)
    )
    ran = {
        name: {"path": str(model.path), "sha256": model.checkpoint.sha256}
        for name, model in zip(names, loaded, strict=True)
        if model.checkpoint.trusted
    }
    return PreparedRun(
        models,
        samples,
        probe,
        request.run or default_path(models, samples, request.settings),
        device,
        notes=(
            *(f"{name}: {note}" for name, model in zip(names, loaded, strict=True) for note in model.notes),
            *samples.notes,
            *(
                describe_trial(name, "architecture", trial)
                for name, trial in zip(names, forms.architectures, strict=True)
                if trial
            ),
            *(describe_trial(name, "normalisation", trial) for name, trial in zip(names, trials, strict=True) if trial),
        ),
        warnings=(
            *warnings_of_weights(models, similarities),
            *warnings_of_unused_keep(
                ", ".join(request.model_options.keep) or None,
                [(model, own.keep) for model, own in zip(loaded, options, strict=True)],
            ),
            *forms.warnings,
        ),
        budget=check_budget(samples, request.settings),
        origin={
            "architecture": {
                name: asdict(trial) for name, trial in zip(names, forms.architectures, strict=True) if trial
            },
            "normalization": {
                name: {"source": model.source, **(asdict(trial) if trial else {})}
                for name, model, trial in zip(names, decided, trials, strict=True)
            },
            **({"code that ran": ran} if ran else {}),
            "kinship": {name: kin.as_json() for name, kin in zip(names[1:], similarities, strict=True)},
        },
    )


def warnings_of_weights(models: Sequence[RunModel], similarities: Sequence[WeightSimilarity]) -> tuple[str, ...]:
    """Reasons to doubt that the other models are the dense one, pruned or retrained.

    similarities: of the weights of each model after the first to the first's.
    """
    dense, others = models[0].loaded, [model.loaded for model in models[1:]]
    unrelated = (warning_if_unrelated(dense, other, found) for other, found in zip(others, similarities, strict=True))
    has_control = any(model.role == "control" for model in models)
    return (
        *(warning for warning in unrelated if warning),
        *warnings_of_same_weights([(model.name, model.loaded) for model in models], has_control),
        *warnings_of_unpruned(dense, [model.loaded for model in models if model.role == "pruned"]),
    )


def execute(
    request: Request, prepared: PreparedRun, observer: Observer, log: Path | None = None, claim: RunClaim | None = None
) -> None:
    """Attack as requested: `compute` with the request's settings, which the run file keeps. Raises ThiniceError."""
    origin = {"request": request.as_dict()}
    compute(prepared, request.settings, observer, origin, request.time_limit, log, claim, request.worker_options)


def compute(
    prepared: PreparedRun,
    settings: Settings,
    observer: Observer,
    origin: Mapping[str, object],
    time_limit: float | None = None,
    log: Path | None = None,
    claim: RunClaim | None = None,
    workers: WorkerOptions = ALONE,
) -> None:
    """Attack until the run is finished; the same call resumes an unfinished run and does nothing for a finished one.

    origin: how it was started, for the run table. log: the file that holds this process's messages, for views; None:
    they go to a terminal. claim: the caller's claim on the run file, taken before models and data are read; None: it
    is taken here. workers: where batches are computed, if not in this process. Raises ThiniceError.
    """
    device = prepared.device
    for note in prepared.notes:
        observer.note(note)
    with claim or RunClaim() as claimed:
        plan = make_plan(prepared.models, prepared.samples, settings, (), device, classes=0)
        check_continues(prepared.path, plan, [model.record() for model in prepared.models])
        claimed.acquire(prepared.path, log)
        run_comparison(
            prepared.models,
            prepared.samples,
            prepared.probe,
            settings,
            prepared.path,
            device,
            observer,
            {"engine": asdict(this_engine(log)), **origin, **prepared.origin},
            time_limit,
            (*prepared.budget, *prepared.warnings),
            claimed,
            workers,
        )


def plan_only(request: Request, prepared: PreparedRun) -> DryRun:
    """Check the models as a run does, and plan it; nothing is attacked or written. Raises ThiniceError."""
    device = prepared.device
    images = prepared.probe.first(PROBED)
    with full_precision(), RunClaim() as claim:
        classes, checks = check_models(prepared.models, prepared.samples, images, device, prepared.path, claim)
    warnings = (*prepared.budget, *prepared.warnings, *(check.warning for _, check in checks if check.warning))
    return plan_dry_run(prepared.models, prepared.samples, request.settings, classes, device, prepared.path, warnings)


def _data(request: Request, dense: LoadedModel) -> tuple[str, Samples]:
    """The data spec, and all samples of the data, before any selection."""
    spec = stored_spec(dense.checkpoint.about, dense.path) if request.data is None else request.data
    stored = dense.checkpoint.about.get("class_names")
    known = tuple(str(name) for name in stored) if isinstance(stored, list) else ()
    samples = read_samples(spec, request.data_options, known)
    if not samples.class_names:
        samples = samples.named(known)
    return spec, samples
