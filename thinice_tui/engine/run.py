"""The run: stages × models × batches → run file."""

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.findings import NOT_FINITE, StoredFindings
from thinice_tui.engine.plan import RunModel, make_plan, resumption_warnings
from thinice_tui.engine.preflight.accuracy import check_accuracy
from thinice_tui.engine.preflight.check_result import CheckResult
from thinice_tui.engine.preflight.checks import check_models
from thinice_tui.engine.preflight.outputs import check_finite
from thinice_tui.engine.process.progress import ProgressTracker
from thinice_tui.engine.process.run_control import RunControl
from thinice_tui.engine.worker.device import full_precision
from thinice_tui.engine.worker.diagnostics import EXAMINATION, EXAMINED
from thinice_tui.engine.worker.executor import BatchTask, LocalExecutor
from thinice_tui.protocol.durations import duration
from thinice_tui.protocol.ensembles import Stage, build_stages, is_final
from thinice_tui.protocol.margins import logit_margin
from thinice_tui.protocol.progress import Observer, StageResult
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.control import clear
from thinice_tui.runfile.hold import Hold
from thinice_tui.runfile.identity import is_finished
from thinice_tui.runfile.records import BatchOutcome, Finding
from thinice_tui.runfile.writer import RunWriter, tidy

FINISHED = "this run is finished already: nothing is computed again"
PROBED = 64
"""Clean images on which a model's faster form is compared to it, and its gradients are looked at."""


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
    doubts: Sequence[str] = (),
    hold: Hold | None = None,
) -> None:
    """Attack every model with every stage and write each batch to `path`; the same call resumes.

    models: the dense one first. probe: spread over the whole data, whatever is selected, to check the models on.
    origin: how this was started, for the run table. doubts: warnings of before. hold: what this engine holds of `path`
    already; None: nothing.
    Everything is checked before the first attack; raises ThiniceError, Interrupted when a view asked it to stop or
    `time_limit` seconds are over. KeyboardInterrupt passes through, with everything up to the batch in flight kept.
    """
    hold = hold or Hold()
    with full_precision():
        images = probe.first(PROBED)
        classes, checks = check_models(models, samples, images, device, path, hold)
        stages = build_stages(settings.attack, classes, settings.distances)
        plan = make_plan(models, samples, settings, stages, device, classes)
        plan = replace(plan, about={**plan.about, **origin})  # a new file names its engine from the first moment on
        records = [model.record() for model in models]
        if is_finished(path, plan, records):
            tidy(path)
            observer.note(FINISHED)
            return
        held = hold.is_held
        with RunWriter.open(
            path, plan, records, samples.labels, samples.indices, samples.each(), hold.hand_over()
        ) as writer:
            if writer.value("finished") is None:
                if not held:  # else that was done when it was taken, and what is asked since is meant for this engine
                    clear(path)
                writer.begin(origin)
                try:
                    doubts = [
                        *doubts,
                        *(text for one in models for text in check_accuracy(one.loaded, probe, device)),
                    ]
                    engine = _Engine(
                        models, samples, images, settings, stages, classes, device, writer, observer, time_limit
                    )
                    engine.run(doubts, checks)
                finally:
                    clear(path)
            else:  # by another engine, just now
                observer.note(FINISHED)


class _Engine:
    """One run in progress."""

    def __init__(
        self,
        models: Sequence[RunModel],
        samples: Samples,
        probe: Samples,
        settings: Settings,
        stages: Sequence[Stage],
        classes: int,
        device: torch.device,
        writer: RunWriter,
        observer: Observer,
        time_limit: float | None,
    ) -> None:
        self._models, self._samples, self._settings = models, samples, settings
        self._stages, self._writer, self._observer, self._device = stages, writer, observer, device
        self._labels = samples.labels
        self._batch_size = int(str(writer.value("batch_size")))
        stored = writer.value("settings")
        self._keep_images = stored["keep_images"] if isinstance(stored, dict) else settings.keep_images
        self._logits = [writer.clean_logits(m, len(samples), classes) for m in range(len(models))]
        self._worst = [
            logit_margin(writer.worst_logits(m, len(samples), classes), samples.labels) for m in range(len(models))
        ]
        self._broken = [writer.broken_by(m, len(samples)) for m in range(len(models))]
        names = [m.name for m in models]
        self._pace = ProgressTracker(names, stages, classes, observer, writer.heartbeat)
        self._run_control = RunControl(writer.path, time_limit, self._pace)
        self._executor = LocalExecutor(
            names,
            [m.loaded.classifier() for m in models],
            settings,
            device,
            probe.floats(),
            self._forwarded,
            self._warn,
        )
        self._findings = StoredFindings(writer)
        self._told: set[str] = set()
        self._estimated = -1
        """The ordinal of the stage at which the time left was told last."""

    def run(self, doubts: Sequence[str], checks: Sequence[tuple[str, CheckResult]]) -> None:
        """Compute what is missing; doubts: warnings of before; checks: what was seen of the models, by name."""
        for warning in (*doubts, *(check.warning for _, check in checks)):
            if warning:
                self._warn(warning)
        self._findings.add(check.finding(name) for name, check in checks)
        for stage in self._stages:
            if stage.note:
                self._observer.warn(stage.note)
        if self._writer.resumed:
            self._observer.note(f"resuming {self._writer.path}")
            for warning in resumption_warnings(self._writer, self._settings, self._device):
                self._warn(warning)
        self._say_how_it_searches()
        for number in range(len(self._models)):
            self._clean(number)
        parameters = [(stage.name, self._parameters(stage)) for stage in self._stages]
        self._writer.plan_stages(parameters, len(self._models))
        for ordinal in range(len(self._stages)):
            self._attack(ordinal)
        self._examine()
        self._writer.finish(self._kept_images())

    def _say_how_it_searches(self) -> None:
        """How each model is searched, for the report; a low precision that cannot be used is warned of."""
        searched = {}
        for model, search in zip(self._models, self._executor.search, strict=True):
            searched[model.name] = {"precision": search.precision, "steps": search.steps, "refused": search.refused}
            if search.precision != self._settings.precision:
                self._warn(f"{model.name}: is searched in fp32, {search.refused[-1]}")
        self._writer.set_values(search=searched)

    def _parameters(self, stage: Stage) -> dict[str, object]:
        return {key: value for key, value in asdict(stage).items() if key != "name" and value not in (0, "")}

    def _clean(self, number: int) -> None:
        """Clean logits of one model, in batches, and what they say about the inputs."""
        logits, model = self._logits[number], self._models[number]
        missing = np.flatnonzero(np.isnan(logits).any(axis=1))
        started, done, paused = time.perf_counter(), 0, self._run_control.paused
        for positions in _batches(missing, self._batch_size):
            found = self._executor.clean_logits(number, self._samples.floats(positions))
            check_finite(found, str(model.loaded.path))
            logits[positions] = found
            self._writer.add_clean(number, positions, found)
            done += len(positions)
            rate = done / (time.perf_counter() - started - self._run_control.paused + paused)
            self._pace.report_clean(model.name, len(logits) - len(missing) + done, len(logits), rate)
            self._run_control.poll()
            self._run_control.end_if_asked()
        accuracy = float(self._correct(number).mean())
        self._observer.note(f"{model.name} · clean: accuracy {100 * accuracy:.1f} % of {len(self._labels)} samples")

    def _warn(self, warning: str) -> None:
        """Tell whoever watches, and keep it for the report, once."""
        if warning in self._told:
            return
        self._told.add(warning)
        self._observer.warn(warning)
        known = self._writer.value("warnings")
        kept = known if isinstance(known, list) else []
        if warning not in kept:
            self._writer.set_values(warnings=[*kept, warning])

    def _correct(self, number: int) -> NDArray[np.bool_]:
        correct: NDArray[np.bool_] = self._logits[number].argmax(axis=1) == self._labels
        return correct

    def _standing(self, number: int, before: int) -> NDArray[np.bool_]:
        """Bool [n]: correct on the clean image and not broken by a stage before the ordinal `before`."""
        broken = self._broken[number]
        standing: NDArray[np.bool_] = self._correct(number) & ((broken < 0) | (broken >= before))
        return standing

    def _entering(self, number: int, ordinal: int) -> NDArray[np.int64]:
        """Positions that a stage attacks: what stands; for distances, whatever is correct on the clean image."""
        measured = self._stages[ordinal].kind == "distance"
        return np.flatnonzero(self._correct(number) if measured else self._standing(number, ordinal))

    def _attack(self, ordinal: int) -> None:
        """One stage against all models, a batch of each in turn, so that flips are known from the first batches on.

        Batches are those of an uninterrupted run, whatever is done of them.
        """
        fronts = [self._front(number, ordinal) for number in range(len(self._models))]
        self._pace.start_stage(
            ordinal,
            sum(front.entered for front in fronts),
            sum(front.done for front in fronts),
            *self._counts_left(),
        )
        for front in fronts:
            self._finish_if_done(front, ordinal)
        paused = self._run_control.paused
        for task, outcome in self._executor.run(self._tasks(ordinal, fronts)):
            front = fronts[task.model]
            self._note_not_finite(task, outcome)
            worked, paused = outcome.seconds - self._run_control.paused + paused, self._run_control.paused
            self._keep(ordinal, task, replace(outcome, seconds=worked))
            front.seconds += worked
            front.todo.remove(task.number)
            self._pace.batch_done(len(task.positions), int(outcome.broken.sum()))
            self._finish_if_done(front, ordinal)
            self._estimate(ordinal)
            self._run_control.end_if_asked()

    def _note_not_finite(self, task: BatchTask, outcome: BatchOutcome) -> None:
        """Logits that are no numbers judge nothing, and attacks are blind to them: a warning and a finding."""
        if not outcome.not_finite or task.stage.kind == "distance":  # whose images may be far outside eps
            return
        name = self._models[task.model].name
        self._warn(
            f"{name}: logits under {task.stage.name} were NaN or infinite on some images; these count as standing, so "
            "its robust accuracy may be far too high"
        )
        count = self._findings.value(name, NOT_FINITE) + outcome.not_finite
        passed = self._passed_forward(task.model) + outcome.forwards
        self._findings.add([Finding(name, NOT_FINITE, count, passed, doubtful=True)])

    def _passed_forward(self, number: int) -> int:
        """Images that attacks passed forward so far, the batch in flight not counted."""
        attacks = [ordinal for ordinal, stage in enumerate(self._stages) if stage.kind != "distance"]
        return self._writer.forwards(number, attacks)

    def _estimate(self, ordinal: int) -> None:
        """Say once a stage how long all of it can take, when its first batch has shown how fast it goes."""
        if self._estimated < ordinal and (left := self._pace.seconds_left) is not None:
            self._estimated = ordinal
            expected = self._pace.seconds_expected
            about = "" if expected is None else f"about {duration(expected)} more, "
            self._observer.note(f"{about}at most {duration(left)}, as if nothing else broke")

    def _front(self, number: int, ordinal: int) -> "StageProgress":
        entered = self._entering(number, ordinal)
        done = self._writer.batches_done(number, ordinal)
        batches = list(_batches(entered, self._batch_size))
        self._writer.start_stage(number, ordinal, len(entered))
        return StageProgress(number, batches, [i for i in range(len(batches)) if i not in done])

    def _finish_if_done(self, front: "StageProgress", ordinal: int) -> None:
        if front.todo:
            return
        self._writer.finish_stage(front.model, ordinal)
        if front.batches and not front.seconds:
            return  # finished by an engine before this one
        self._observer.stage_finished(
            StageResult(
                model=self._models[front.model].name,
                stage=self._stages[ordinal].name,
                entered=front.entered,
                broken=int((self._broken[front.model] == ordinal).sum()),
                robust_accuracy=float(self._standing(front.model, ordinal + 1).mean()),
                seconds=front.seconds,
                final=ordinal == len(self._stages) - 1 and is_final(self._settings.attack),
            )
        )

    def _tasks(self, ordinal: int, fronts: Sequence["StageProgress"]) -> Iterator[BatchTask]:
        for turn in itertools.zip_longest(*(tuple(front.todo) for front in fronts)):
            for front, batch in zip(fronts, turn, strict=True):
                if batch is None:
                    continue
                positions = front.batches[batch]
                self._pace.start_batch(front.model, len(positions))
                images = self._samples.floats(positions)
                measured = self._stages[ordinal].kind == "distance"
                yield BatchTask(
                    model=front.model,
                    stage=self._stages[ordinal],
                    number=batch,
                    positions=positions,
                    images=images,
                    labels=self._labels[positions],
                    standing=self._standing(front.model, ordinal)[positions],
                    adversarial=self._writer.adversarial(front.model, positions, images) if measured else images,
                    room=self._batch_size,
                )

    def _examine(self) -> None:
        """Look at what still stands of each model for signs that attacks could not do their work."""
        for number, model in enumerate(self._models):
            count = self._findings.value(model.name, NOT_FINITE)
            passed = self._passed_forward(number)
            self._findings.add([Finding(model.name, NOT_FINITE, count, passed, doubtful=count > 0)])
            standing = np.flatnonzero(self._standing(number, len(self._stages)))
            if self._findings.has(model.name, EXAMINATION[0]) or not len(standing):
                continue
            self._pace.report_checks(model.name)
            chosen = standing[:: max(1, len(standing) // EXAMINED)][:EXAMINED]
            found = self._executor.examine(number, chosen, self._samples.floats(chosen), self._labels[chosen])
            for finding in found:
                if finding.doubtful:
                    share = f"{finding.value:g} of {finding.n} standing samples"
                    self._warn(f"{model.name}: {finding.check}, on {share}: its robust accuracy may be too high")
            self._findings.add(found)
            self._run_control.end_if_asked()

    def _forwarded(self, images: int) -> None:
        self._pace.forwarded(images)
        self._run_control.poll()

    def _keep(self, ordinal: int, task: BatchTask, outcome: BatchOutcome) -> None:
        """Write a batch: what broke, and for what stands the worst image so far (never one with NaN logits)."""
        margins, worst = logit_margin(outcome.logits, task.labels), self._worst[task.model]
        with np.errstate(invalid="ignore"):
            worse = np.isfinite(margins) & ~(margins >= worst[task.positions])
        measured = task.stage.kind == "distance"  # its images may be outside eps
        kept = outcome.broken | (worse & (not measured))
        stored = self._keep_images != "none" or self._settings.distances  # whose search begins at the images found
        self._writer.add_batch(task.model, ordinal, task.number, outcome, kept, task.images if stored else None)
        worst[task.positions[kept]] = margins[kept]
        fell = task.positions[outcome.broken]
        self._broken[task.model][fell] = ordinal

    def _counts_left(self) -> tuple[int, int]:
        """Samples of all models together that stand so far, and that are correct on the clean image."""
        last, numbers = len(self._stages), range(len(self._models))
        standing = sum(int(self._standing(number, last).sum()) for number in numbers)
        return standing, sum(int(self._correct(number).sum()) for number in numbers)

    def _kept_images(self) -> dict[int, set[int]] | None:
        """Per model the positions of the flips (what one of dense and another lost and the other did not), or none."""
        if self._keep_images == "none":
            return {number: set() for number in range(len(self._models))}
        if self._keep_images != "flips" or len(self._models) == 1:  # of one model alone all that broke is kept
            return None
        standing = [self._standing(number, len(self._stages)) for number in range(len(self._models))]
        flips = [standing[0] != other for other in standing]
        flips[0] = np.logical_or.reduce(flips)
        return {number: set(np.flatnonzero(mask).tolist()) for number, mask in enumerate(flips)}


@dataclass
class StageProgress:
    """One stage against one model: the batches of an uninterrupted run, and which of them are to do."""

    model: int
    batches: list[NDArray[np.int64]]
    todo: list[int]
    seconds: float = 0.0
    """What this engine has worked on it."""

    @property
    def entered(self) -> int:
        return sum(len(batch) for batch in self.batches)

    @property
    def done(self) -> int:
        """Samples whose batch is done."""
        return self.entered - sum(len(self.batches[i]) for i in self.todo)


def _batches(positions: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(positions), size):
        yield positions[start : start + size]
