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

from thinice_tui.attacks.ensembles import Stage, build_ensemble
from thinice_tui.data.samples import Samples
from thinice_tui.engine.checks import accuracy_warning, check_finite, probe_outputs
from thinice_tui.engine.device import full_precision
from thinice_tui.engine.executor import BatchTask, Executor, LocalExecutor
from thinice_tui.engine.observer import Observer, StageResult
from thinice_tui.engine.pace import Pace
from thinice_tui.engine.plan import RunModel, make_plan, resumption_warnings
from thinice_tui.errors import Interrupted, ModelError
from thinice_tui.margins import logit_margin
from thinice_tui.runfile.control import asked, forget
from thinice_tui.runfile.records import BatchOutcome
from thinice_tui.runfile.writer import RunWriter
from thinice_tui.settings import Settings, is_final

ASK_SECONDS = 0.2
"""How often the engine looks whether a view asks it for something."""


def run_comparison(
    models: Sequence[RunModel],
    samples: Samples,
    settings: Settings,
    path: Path,
    device: torch.device,
    observer: Observer,
    origin: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Attack every model with every stage and write each batch to `path`; the same call resumes.

    models: the dense one first. origin: how this was started, for the run table. Everything is checked
    before the first attack; raises ThiniceError, Interrupted when a view asked it to stop.
    KeyboardInterrupt passes through, with everything up to the batch in flight kept.
    """
    with full_precision():
        classes = _common_classes(models, samples)
        stages = build_ensemble(settings.attack, classes)
        plan = make_plan(models, samples, settings, stages, device, classes)
        records = [model.record() for model in models]
        with RunWriter.open(path, plan, records, samples.labels, samples.indices, samples.images) as writer:
            if writer.value("finished") is None:
                forget(path)
                writer.begin(origin)
                try:
                    _Engine(models, samples, settings, stages, classes, device, writer, observer).run()
                finally:
                    forget(path)
            else:
                observer.note("this run is finished already: nothing is computed again")


def _common_classes(models: Sequence[RunModel], samples: Samples) -> int:
    found = [probe_outputs(model.loaded, samples) for model in models]
    for model, classes in zip(models, found, strict=True):
        if classes != found[0]:
            raise ModelError(
                f"{model.loaded.path} knows {classes} classes, {models[0].loaded.path} knows {found[0]}",
                "a comparison needs models of the same task",
            )
    return found[0]


class _Engine:
    """One run in progress."""

    def __init__(
        self,
        models: Sequence[RunModel],
        samples: Samples,
        settings: Settings,
        stages: Sequence[Stage],
        classes: int,
        device: torch.device,
        writer: RunWriter,
        observer: Observer,
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
        classifiers = [m.loaded.classifier() for m in models]
        names = [m.name for m in models]
        self._pace = Pace(names, stages, classes, observer, writer.heartbeat)
        self._executor: Executor = LocalExecutor(names, classifiers, settings, device, self._forwarded)
        self._asked = self._paused = 0.0

    def run(self) -> None:
        for stage in self._stages:
            if stage.note:
                self._observer.warn(stage.note)
        if self._writer.resumed:
            self._observer.note(f"resuming {self._writer.path}")
            for warning in resumption_warnings(self._writer, self._settings, self._device):
                self._warn(warning)
        for number in range(len(self._models)):
            self._clean(number)
        parameters = [(stage.name, self._parameters(stage)) for stage in self._stages]
        self._writer.plan_stages(parameters, len(self._models))
        for ordinal in range(len(self._stages)):
            self._attack(ordinal)
        self._writer.finish(self._kept_images())

    def _parameters(self, stage: Stage) -> dict[str, object]:
        return {key: value for key, value in asdict(stage).items() if key != "name" and value not in (0, "")}

    def _clean(self, number: int) -> None:
        """Clean logits of one model, in batches, and what they say about the inputs."""
        logits, model = self._logits[number], self._models[number]
        missing = np.flatnonzero(np.isnan(logits).any(axis=1))
        started, done, paused = time.perf_counter(), 0, self._paused
        for positions in _batches(missing, self._batch_size):
            found = self._executor.clean_logits(number, self._samples.floats(positions))
            check_finite(found, str(model.loaded.path))
            logits[positions] = found
            self._writer.add_clean(number, positions, found)
            done += len(positions)
            rate = done / (time.perf_counter() - started - self._paused + paused)
            self._pace.clean(model.name, len(logits) - len(missing) + done, len(logits), rate)
            self._obey()
            self._stop_if_asked()
        if warning := accuracy_warning(model.loaded, self._samples, logits):
            self._warn(warning)
        accuracy = float(self._correct(number).mean())
        self._observer.note(f"{model.name} · clean: accuracy {100 * accuracy:.1f} % of {len(self._labels)} samples")

    def _warn(self, warning: str) -> None:
        """Tell whoever watches, and keep it for the report, once."""
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

    def _attack(self, ordinal: int) -> None:
        """One stage against all models, a batch of each in turn, so that flips are known from the first batches on.

        Batches are those of an uninterrupted run, whatever is done of them.
        """
        fronts = [self._front(number, ordinal) for number in range(len(self._models))]
        self._pace.start_stage(
            ordinal,
            sum(front.entered for front in fronts),
            sum(front.done for front in fronts),
            self._standing_counts(),
        )
        for front in fronts:
            self._finish_if_done(front, ordinal)
        paused = self._paused
        for task, outcome in self._executor.run(self._tasks(ordinal, fronts)):
            front = fronts[task.model]
            worked, paused = outcome.seconds - self._paused + paused, self._paused
            self._keep(ordinal, task, replace(outcome, seconds=worked))
            front.seconds += worked
            front.todo.remove(task.number)
            self._pace.batch_done(len(task.positions))
            if not front.blind and not np.isfinite(outcome.logits).all():
                front.blind = True
                self._warn(
                    f"{self._models[task.model].name}: logits under {task.stage.name} were NaN or infinite for some "
                    "samples; these count as standing, so its robust accuracy may be far too high"
                )
            self._finish_if_done(front, ordinal)
            self._stop_if_asked()

    def _front(self, number: int, ordinal: int) -> "_Front":
        entered = np.flatnonzero(self._standing(number, ordinal))
        done = self._writer.batches_done(number, ordinal)
        batches = list(_batches(entered, self._batch_size))
        self._writer.start_stage(number, ordinal, len(entered))
        return _Front(number, batches, [i for i in range(len(batches)) if i not in done])

    def _finish_if_done(self, front: "_Front", ordinal: int) -> None:
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

    def _tasks(self, ordinal: int, fronts: Sequence["_Front"]) -> Iterator[BatchTask]:
        for turn in itertools.zip_longest(*(tuple(front.todo) for front in fronts)):
            for front, batch in zip(fronts, turn, strict=True):
                if batch is None:
                    continue
                positions = front.batches[batch]
                self._pace.start_batch(front.model, len(positions))
                yield BatchTask(
                    model=front.model,
                    stage=self._stages[ordinal],
                    number=batch,
                    positions=positions,
                    images=self._samples.floats(positions),
                    labels=self._labels[positions],
                )

    def _forwarded(self, images: int) -> None:
        self._pace.forwarded(images)
        self._obey()

    def _obey(self) -> None:
        """Wait while a view asks to pause; remember it when one asks to stop."""
        began = time.monotonic()
        if began - self._asked < ASK_SECONDS:
            return
        while (wish := asked(self._writer.path)) == "pause":
            self._pace.state = "paused"
            self._pace.beat()
            time.sleep(ASK_SECONDS)
        self._asked = time.monotonic()
        if self._pace.state == "paused":
            self._paused += self._asked - began
            self._pace.paused(self._asked - began)
        self._pace.state = "stopping" if wish == "stop" else "running"

    def _stop_if_asked(self) -> None:
        if self._pace.state == "stopping":
            self._pace.beat()  # so that a view can tell this from an accident
            path = self._writer.path
            raise Interrupted(
                f"stopped as asked, after a whole batch; everything so far is kept in {path}",
                f"repeat the command to go on, or look at it: thinice-tui open {path}",
            )

    def _keep(self, ordinal: int, task: BatchTask, outcome: BatchOutcome) -> None:
        """Write a batch: what broke, and for what stands the worst image so far (never one with NaN logits)."""
        margins, worst = logit_margin(outcome.logits, task.labels), self._worst[task.model]
        with np.errstate(invalid="ignore"):
            worse = np.isfinite(margins) & ~(margins >= worst[task.positions])
        kept, images = worse | outcome.broken, self._keep_images != "none"
        self._writer.add_batch(task.model, ordinal, task.number, outcome, kept, images)
        worst[task.positions[worse]] = margins[worse]
        self._broken[task.model][task.positions[outcome.broken]] = ordinal

    def _standing_counts(self) -> list[int]:
        last = len(self._stages)
        return [int(self._standing(number, last).sum()) for number in range(len(self._models))]

    def _kept_images(self) -> dict[int, set[int]] | None:
        """Positions of the flips, per model: what one of dense and another lost and the other did not."""
        if self._keep_images != "flips":
            return None
        standing = [self._standing(number, len(self._stages)) for number in range(len(self._models))]
        flips = [standing[0] != other for other in standing]
        flips[0] = np.logical_or.reduce(flips)
        return {number: set(np.flatnonzero(mask).tolist()) for number, mask in enumerate(flips)}


@dataclass
class _Front:
    """One stage against one model: the batches of an uninterrupted run, and which of them are to do."""

    model: int
    batches: list[NDArray[np.int64]]
    todo: list[int]
    seconds: float = 0.0
    """What this engine has worked on it."""
    blind: bool = False
    """Whether some logits were not finite."""

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
