"""Progress of a run: how much is done, at which rate, and how long the rest can take."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from thinice_tui.protocol.ensembles import Phase, Stage
from thinice_tui.protocol.progress import EngineState, Heartbeat, Observer, WorkerState

BACKWARD_COST = 2
"""Forward passes that take as long as one backward pass, about."""
RECENT = 60.0
"""Seconds of work from which the speed is measured: on a shared machine an earlier speed does not predict the next."""


@dataclass
class _ModelState:
    """One model's phase: samples that entered it, are done, stood before it, and that it broke; `correct` clean."""

    ordinal: int
    entered: int
    done: int
    standing: int
    correct: int
    broken: int = 0


@dataclass
class _StageState:
    """A stage over all models that have begun it; `attacked`, `broken` and `images` passed by this engine."""

    began: float
    entered: int = 0
    done: int = 0
    attacked: int = 0
    broken: int = 0
    images: int = 0
    shown: float = 0.0
    """Samples that were reported as done: a batch that waits to be written takes nothing back."""


@dataclass
class _Batch:
    """A batch that is being computed; `images` passed forward so far."""

    model: int
    ordinal: int
    samples: int
    images: int = 0


class ProgressTracker:
    """Counts work in forward-pass equivalents, and predicts the time left from the speed of the last minute.

    Models may be at different stages, and several batches be computed at the same time. Two times are predicted. The
    upper bound assumes that no further sample breaks. The expected time assumes that the rest of each stage breaks as
    many samples as its batches so far, and that later stages break none. Both fall as samples break.
    """

    def __init__(
        self,
        models: Sequence[str],
        stages: Sequence[Phase],
        classes: int,
        observer: Observer,
        heartbeat: Callable[[Heartbeat], None],
    ) -> None:
        self._names, self._phases = models, stages
        self._observer, self._heartbeat = observer, heartbeat
        passes = [stage.passes(classes) for stage in stages]
        scopes = {stage.scope for stage in stages if isinstance(stage, Stage)}
        self._last_scope = "escalation" if "escalation" in scopes else "audit"
        self._forwards = [forwards for forwards, _ in passes]
        self._cost = [forwards + BACKWARD_COST * backwards for forwards, backwards in passes]
        self._models: dict[int, _ModelState] = {}
        self._stages: dict[int, _StageState] = {}
        self._batches: dict[int, _Batch] = {}
        """Those that are being computed."""
        self._computed: dict[int, _Batch] = {}
        """Those that are computed, and not yet written."""
        self._marks: deque[tuple[float, float]] = deque()
        """(time, work done so far), over the last RECENT seconds."""
        self._started: float | None = None
        self._worked = 0.0
        self.state: EngineState = "running"
        self.seconds_left: float | None = None
        """Upper bound for the whole run; None: too early to tell."""
        self.seconds_expected: float | None = None
        """Expected for the whole run; None before a stage's first batch is done."""
        self._workers: tuple[WorkerState, ...] = ()
        """What each of several workers does; empty: there are none."""
        self._last = Heartbeat(time.time(), self.state, "", "", 0, 0, 0.0, None)

    def report_clean(self, model: str, done: int, total: int, images_per_second: float) -> None:
        """Report that `done` of `total` samples have their clean prediction."""
        self._send(Heartbeat(time.time(), self.state, model, "clean", done, total, images_per_second, None))

    def report_checks(self, model: str) -> None:
        """Report that the attacks are done and that `model` is being diagnosed."""
        self._send(Heartbeat(time.time(), self.state, model, "checks", 0, 1, 0.0, None))

    def report_workers(self, workers: Sequence[WorkerState]) -> None:
        """Report what each of several workers does; before anything else was reported the next heartbeat says it."""
        self._workers = tuple(workers)
        if self._last.stage:
            self.beat()

    def start_stage(self, model: int, ordinal: int, entered: int, done: int, standing: int, correct: int) -> None:
        """The model of number `model` begins the stage `ordinal`, with its counts.

        entered: samples of the stage, of which `done` were attacked by an earlier engine; standing: samples that are
        robust so far; correct: samples that are classified correctly without an attack, which the search for distances
        uses.
        """
        now = time.monotonic()
        self._models[model] = _ModelState(ordinal, entered, done, standing, correct)
        stage = self._stages.setdefault(ordinal, _StageState(now))
        stage.entered += entered
        stage.done += done
        if self._started is None:
            self._started = now

    def start_batch(self, key: int, model: int, samples: int) -> None:
        """Begin a batch of `samples` against the model of number `model`, which `key` names from now on."""
        self._batches[key] = _Batch(model, self._models[model].ordinal, samples)
        self.forwarded(key, 0)

    def forwarded(self, key: int, images: int) -> None:
        """Count `images` as passed forward in that batch so far, and report; other work than batches is not counted."""
        if (batch := self._batches.get(key)) is None:
            return
        batch.images = images
        self._report(batch.model)

    def batch_computed(self, key: int, images: int) -> None:
        """End a batch, of which `images` were passed forward in all; it counts as done when it is written."""
        batch = self._computed[key] = self._batches.pop(key)
        self._stages[batch.ordinal].images += images
        self._worked += batch.samples * self._cost[batch.ordinal]

    def batch_written(self, key: int, broken: int) -> None:
        """Count a batch that was computed, which broke `broken` of its samples, as done."""
        batch = self._computed.pop(key)
        model, stage = self._models[batch.model], self._stages[batch.ordinal]
        model.done += batch.samples
        model.broken += broken
        stage.done += batch.samples
        stage.attacked += batch.samples
        stage.broken += broken

    def work_left(self, model: int) -> float:
        """The forward-pass equivalents that are left of the model, at most; its batches that are computed now count."""
        state = self._models[model]
        return self._left(state, state.entered - state.done - self._waiting(model))

    def beat(self) -> None:
        """Repeat the last heartbeat with the current time and state."""
        self._heartbeat(replace(self._last, at=time.time(), state=self.state, workers=self._workers))

    def exclude_pause(self, seconds: float) -> None:
        """Leave a pause of `seconds`, which has just ended, out of rates and predictions."""
        for stage in self._stages.values():
            stage.began += seconds
        self._marks = deque((at + seconds, worked) for at, worked in self._marks)
        if self._started is not None:
            self._started += seconds

    def _send(self, beat: Heartbeat) -> None:
        self._last = replace(beat, workers=self._workers)
        self._heartbeat(self._last)

    @property
    def _current(self) -> int:
        """The stage that is reported: the earliest that any model is at, and not done with."""
        left = [model.ordinal for model in self._models.values() if model.done < model.entered]
        return min(left, default=max(self._stages))

    def _done_of(self, batch: _Batch) -> float:
        """Samples of a batch that are done: each forward pass counts as a fraction of them."""
        all_of_batch = batch.samples * self._forwards[batch.ordinal]
        return batch.samples * min(batch.images / all_of_batch, 1.0) if all_of_batch else 0.0

    def _report(self, model: int) -> None:
        now, ordinal = time.monotonic(), self._current
        stage, in_flight = self._stages[ordinal], list(self._batches.values())
        here = [batch for batch in in_flight if batch.ordinal == ordinal]
        worked = self._worked + sum(self._done_of(batch) * self._cost[batch.ordinal] for batch in in_flight)
        if now - (self._started or now) > 1 and worked > 0:
            self._predict(self._seconds_per_forward(now, worked))
        stage.shown = max(stage.shown, stage.done + sum(map(self._done_of, here)))
        spent = now - stage.began
        images = stage.images + sum(batch.images for batch in here)
        there = [number for number, one in self._models.items() if one.ordinal == ordinal]
        model = model if model in there or not there else there[0]
        beat = Heartbeat(
            at=time.time(),
            state=self.state,
            model=self._names[model],
            stage=self._phases[ordinal].name,
            done=stage.shown,
            total=stage.entered,
            rate=images / spent if spent > 0 else 0.0,
            seconds_left=self.seconds_left,
            seconds_expected=self.seconds_expected,
        )
        self._send(beat)
        self._observer.progress(beat)

    def _seconds_per_forward(self, now: float, worked: float) -> float:
        """Seconds that one forward-pass equivalent took recently; `worked`: equivalents since the run's start."""
        if not self._marks:
            self._marks.append((self._started or now, 0.0))
        if now - self._marks[-1][0] >= RECENT / 60:
            self._marks.append((now, worked))
        while len(self._marks) > 2 and self._marks[1][0] <= now - RECENT:
            self._marks.popleft()
        at, before = self._marks[0]
        if worked <= before:  # no work in all that time
            return (now - (self._started or now)) / worked
        return (now - at) / (worked - before)

    def _predict(self, seconds_per_forward: float) -> None:
        """Update both times left."""
        most = breaking = 0.0
        told = True
        for number, model in self._models.items():
            in_flight = sum(self._done_of(batch) for batch in self._batches.values() if batch.model == number)
            left = model.entered - model.done - self._waiting(number) - in_flight
            most += self._left(model, left)
            stage = self._stages[model.ordinal]
            if stage.attacked:
                share = stage.broken / stage.attacked
                breaking += share * (model.entered - model.done) * self._later_each(model.ordinal)
            elif model.entered > model.done:
                told = False
        self.seconds_left = most * seconds_per_forward
        self.seconds_expected = (most - breaking) * seconds_per_forward if told else None

    def _waiting(self, model: int) -> int:
        """The model's samples that are computed and not yet written."""
        return sum(batch.samples for batch in self._computed.values() if batch.model == model)

    def _left(self, model: _ModelState, left: float) -> float:
        """The equivalents left of a model, of which `left` samples of its stage are not done, if none breaks."""
        later = self._phases[model.ordinal + 1 :]
        costs = zip(later, self._cost[model.ordinal + 1 :], strict=True)
        distances = sum(cost for phase, cost in costs if not isinstance(phase, Stage))
        standing = model.standing - model.broken
        return left * self._cost[model.ordinal] + standing * self._later_each(model.ordinal) + model.correct * distances

    def _later_each(self, ordinal: int) -> float:
        """The equivalents that every standing sample costs after that stage, at most.

        Every standing sample is attacked either in the audit or after it.
        """
        later = zip(self._phases[ordinal + 1 :], self._cost[ordinal + 1 :], strict=True)
        scopes = ("all", self._last_scope)
        return float(sum(cost for phase, cost in later if isinstance(phase, Stage) and phase.scope in scopes))
