"""Progress of a run: how much is done, at which rate, and how long the rest can take."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from thinice_tui.protocol.ensembles import Phase, Stage
from thinice_tui.protocol.progress import EngineState, Heartbeat, Observer

BACKWARD_COST = 2
"""Forward passes that take as long as one backward pass, about."""
RECENT = 60.0
"""Seconds of work from which the speed is measured: on a shared machine an earlier speed does not predict the next."""


class ProgressTracker:
    """Counts work in forward-pass equivalents, and predicts the time left from the speed of the last minute.

    It predicts two times. The upper bound assumes that no further sample breaks. The expected time assumes that the
    rest of the current stage breaks as many samples as its batches so far, and that later stages break none. Both fall
    as samples break.
    """

    def __init__(
        self,
        models: Sequence[str],
        stages: Sequence[Phase],
        classes: int,
        observer: Observer,
        heartbeat: Callable[[Heartbeat], None],
    ) -> None:
        self._models, self._stages = models, stages
        self._observer, self._heartbeat = observer, heartbeat
        passes = [stage.passes(classes) for stage in stages]
        scopes = {stage.scope for stage in stages if isinstance(stage, Stage)}
        self._last_scope = "escalation" if "escalation" in scopes else "audit"
        self._forwards = [forwards for forwards, _ in passes]
        self._cost = [forwards + BACKWARD_COST * backwards for forwards, backwards in passes]
        self._model = self._ordinal = self._total = self._done = 0
        self._batch = self._batch_images = 0
        self._later = self._later_each = 0.0
        self._broken = 0
        self._marks: deque[tuple[float, float]] = deque()
        """(time, work done so far), over the last RECENT seconds."""
        self._started: float | None = None
        self._worked = 0.0
        self._stage_started = 0.0
        self._stage_images = self._attacked = 0
        self._shown = 0.0
        """Samples of the stage that were reported as done: a batch that waits to be written takes nothing back."""
        self.state: EngineState = "running"
        self.seconds_left: float | None = None
        """Upper bound for the whole run; None: too early to tell."""
        self.seconds_expected: float | None = None
        """Expected for the whole run; None before the stage's first batch is done."""
        self._last = Heartbeat(time.time(), self.state, "", "", 0, 0, 0.0, None)

    def report_clean(self, model: str, done: int, total: int, images_per_second: float) -> None:
        """Report that `done` of `total` samples have their clean prediction."""
        self._send(Heartbeat(time.time(), self.state, model, "clean", done, total, images_per_second, None))

    def report_checks(self, model: str) -> None:
        """Report that the attacks are done and that `model` is being diagnosed."""
        self._send(Heartbeat(time.time(), self.state, model, "checks", 0, 1, 0.0, None))

    def start_stage(self, ordinal: int, entered: int, done: int, standing: int, correct: int) -> None:
        """Begin the stage `ordinal`; every count is over all models together.

        entered: samples of the stage, of which `done` were attacked by an earlier engine; standing: samples that are
        robust so far; correct: samples that are classified correctly without an attack, which the search for distances
        uses.
        """
        self._ordinal, self._total, self._done, self._shown, self._broken = ordinal, entered, done, done, 0
        later = list(zip(self._stages, self._cost, strict=True))[ordinal + 1 :]
        # At most: every standing sample is attacked either in the audit or after it.
        self._later_each = float(
            sum(cost for stage, cost in later if isinstance(stage, Stage) and stage.scope in ("all", self._last_scope))
        )
        distances = sum(cost for stage, cost in later if not isinstance(stage, Stage))
        self._later = standing * self._later_each + correct * distances
        self._attacked = 0
        self._stage_started, self._stage_images = time.monotonic(), 0
        if self._started is None:
            self._started = self._stage_started

    def start_batch(self, model: int, samples: int) -> None:
        """Begin a batch of `samples` against the model of number `model`."""
        self._model, self._batch = model, samples
        self.forwarded(0)

    def forwarded(self, images: int) -> None:
        """Count `images` as passed forward in the current batch so far, and report."""
        self._batch_images = images
        self._report()

    def batch_computed(self, samples: int) -> None:
        """End the current batch of `samples`; it counts as done when it is written."""
        self._worked += samples * self._cost[self._ordinal]
        self._stage_images += self._batch_images
        self._batch = self._batch_images = 0

    def batch_written(self, samples: int, broken: int) -> None:
        """Count the next batch that was computed, which broke `broken` of its `samples`, as done."""
        self._done += samples
        self._attacked += samples
        self._broken += broken

    def beat(self) -> None:
        """Repeat the last heartbeat with the current time and state."""
        self._heartbeat(replace(self._last, at=time.time(), state=self.state))

    def exclude_pause(self, seconds: float) -> None:
        """Leave a pause of `seconds`, which has just ended, out of rates and predictions."""
        self._stage_started += seconds
        self._marks = deque((at + seconds, worked) for at, worked in self._marks)
        if self._started is not None:
            self._started += seconds

    def _send(self, beat: Heartbeat) -> None:
        self._last = beat
        self._heartbeat(beat)

    def _report(self) -> None:
        now, images = time.monotonic(), self._batch_images
        all_of_batch = self._batch * self._forwards[self._ordinal]
        fraction = min(images / all_of_batch, 1.0) if all_of_batch else 0.0
        done = self._shown = max(self._shown, self._done + fraction * self._batch)
        cost = self._cost[self._ordinal]
        worked = self._worked + fraction * self._batch * cost
        if now - (self._started or now) > 1 and worked > 0:
            self._predict((self._total - done) * cost, self._seconds_per_forward(now, worked))
        spent = now - self._stage_started
        beat = Heartbeat(
            at=time.time(),
            state=self.state,
            model=self._models[self._model],
            stage=self._stages[self._ordinal].name,
            done=done,
            total=self._total,
            rate=(self._stage_images + images) / spent if spent > 0 else 0.0,
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

    def _predict(self, left_of_stage: float, seconds_per_forward: float) -> None:
        """Update both times left; left_of_stage: forward-pass equivalents."""
        later = self._later - self._broken * self._later_each
        self.seconds_left = (left_of_stage + later) * seconds_per_forward
        if not self._attacked:
            self.seconds_expected = None
            return
        breaking = self._broken / self._attacked * (self._total - self._done)
        self.seconds_expected = (left_of_stage + later - breaking * self._later_each) * seconds_per_forward
