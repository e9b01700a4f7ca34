"""The run: clean pass, the ensemble's stages, the distance measurement and the diagnosis, into a run file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import torch

from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.cluster.build import build_ray_executor
from thinice_tui.engine.control.progress import ProgressTracker
from thinice_tui.engine.control.run_control import RunControl
from thinice_tui.engine.control.watch import Watch
from thinice_tui.engine.findings import StoredFindings
from thinice_tui.engine.phases.context import RunContext
from thinice_tui.engine.phases.outcomes import Outcomes
from thinice_tui.engine.phases.sequence import compute_phases, report_preparation
from thinice_tui.engine.phases.warnings import Warnings
from thinice_tui.engine.plan import make_plan, other_images
from thinice_tui.engine.preflight.accuracy import check_accuracy
from thinice_tui.engine.preflight.checks import check_models
from thinice_tui.engine.run_model import RunModel
from thinice_tui.engine.worker.executor import Executor, LocalExecutor
from thinice_tui.engine.worker.full_precision import full_precision
from thinice_tui.protocol.ensembles import Phase
from thinice_tui.protocol.phases import build_phases
from thinice_tui.protocol.progress import Observer
from thinice_tui.protocol.settings import Settings
from thinice_tui.protocol.worker_options import WorkerOptions
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.control import clear_control
from thinice_tui.runfile.resume import is_finished
from thinice_tui.runfile.run_claim import RunClaim
from thinice_tui.runfile.run_table import read_run_table
from thinice_tui.runfile.single_file import make_single_file
from thinice_tui.runfile.writer import RunWriter

FINISHED = "this run is finished already: nothing is computed again"
ALONE = WorkerOptions()
PROBED = 64
"""Clean images on which a model's faster forms are compared with it, and its gradients are checked."""


def run_comparison(
    models: Sequence[RunModel],
    samples: Samples,
    probe: StratifiedSample,
    settings: Settings,
    path: Path,
    device: torch.device,
    observer: Observer,
    origin: Mapping[str, object] = MappingProxyType({}),
    time_limit: float | None = None,
    warnings: Sequence[str] = (),
    claim: RunClaim | None = None,
    workers: WorkerOptions = ALONE,
) -> None:
    """Attack every model with every stage and write each batch to `path`; the same call resumes.

    models: the dense one first. probe: the whole data, whatever is selected, on which the models are checked. origin:
    how the run was started, for the run table. warnings: those found so far. claim: this engine's claim on `path`;
    None: it has none yet. workers: where batches are computed, if not on `device` in this process.
    Everything is checked before the first attack. Raises ThiniceError; Interrupted when a view asks to stop or after
    `time_limit` seconds. KeyboardInterrupt passes through. Every batch that was done by then is kept.
    """
    claim = claim or RunClaim()
    with full_precision():
        images = probe.first(PROBED)
        classes, checks = check_models(models, samples, images, device, path, claim)
        phases = build_phases(settings, classes)
        plan = make_plan(models, samples, settings, phases, device, classes)
        plan = replace(plan, table={**plan.table, **origin})  # a new file names its engine from the first moment on
        records = [model.record() for model in models]
        if is_finished(path, plan, records):
            make_single_file(path)
            observer.note(FINISHED)
            with reading(path) as connection:
                for text in other_images(read_run_table(connection).get("settings"), settings):
                    observer.note(text)
            return
        held = claim.is_held
        with RunWriter.open(
            path, plan, records, samples.labels, samples.indices, samples.each(), claim.hand_over_lock()
        ) as writer:
            if writer.value("finished") is None:
                if not held:  # else it was cleared when the run was taken, and newer requests are for this engine
                    clear_control(path)
                writer.begin(origin)
                try:
                    warnings = [
                        *warnings,
                        *(text for one in models for text in check_accuracy(one.loaded, probe, device)),
                    ]
                    with _context(
                        models,
                        samples,
                        images,
                        settings,
                        phases,
                        classes,
                        device,
                        writer,
                        observer,
                        time_limit,
                        workers,
                    ) as run:
                        writer.set_values(batch_size=run.batch_size)
                        report_preparation(run, phases, warnings, checks)
                        compute_phases(run, phases, [str(model.loaded.path) for model in models])
                finally:
                    clear_control(path)
            else:  # another engine has just finished it
                observer.note(FINISHED)


@contextmanager
def _context(
    models: Sequence[RunModel],
    samples: Samples,
    probe: Samples,
    settings: Settings,
    phases: Sequence[Phase],
    classes: int,
    device: torch.device,
    writer: RunWriter,
    observer: Observer,
    time_limit: float | None,
    workers: WorkerOptions,
) -> Iterator[RunContext]:
    """Prepare the models where they are attacked, and read what an earlier engine has computed."""
    names = [model.name for model in models]
    stored = writer.value("settings")
    progress = ProgressTracker(names, phases, classes, observer, writer.heartbeat)
    run_control = RunControl(writer.path, time_limit, progress)
    warnings = Warnings(writer, observer)
    watch, images = Watch(progress, run_control, warnings.add), probe.floats()
    executor: Executor
    if workers.many:
        observer.note("starting the workers")
        executor = build_ray_executor(workers, models, samples, settings, images, watch)
    else:
        classifiers = [model.loaded.classifier() for model in models]
        executor = LocalExecutor(names, classifiers, settings, device, images, watch)
    with closing(executor):
        yield RunContext(
            names=names,
            samples=samples,
            settings=settings,
            batch_size=executor.batch_size,
            keep_images=stored["keep_images"] if isinstance(stored, dict) else settings.keep_images,
            outcomes=Outcomes(writer, len(models), samples.labels, classes),
            executor=executor,
            writer=writer,
            observer=observer,
            progress=progress,
            run_control=run_control,
            warnings=warnings,
            findings=StoredFindings(writer),
        )
