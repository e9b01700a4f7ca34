"""How far the run is, how fast it goes, and how long it can still take."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from thinice_tui.protocol.ensembles import Phase, Stage
from thinice_tui.protocol.observer import Observer, Progress
from thinice_tui.runfile.records import EngineState, Heartbeat

BACKWARD_COST = 2
"""A backward pass costs about two forward passes."""
RECENT = 60.0
"""Seconds of work from which the speed is taken: on a shared machine an earlier one says nothing of what comes."""


class Pace:
    """Counts work in forward-pass equivalents, and says how long it takes at the speed of the last minute.

    Twice: at most, as if nothing more broke; and as expected, where the rest of the stage at hand breaks as many as
    its batches so far, and later stages break none. Both fall as samples break.
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
        self._forwards = [forwards for forwards, _ in passes]
        self._cost = [forwards + BACKWARD_COST * backwards for forwards, backwards in passes]
        self._model = self._ordinal = self._total = self._done = 0
        self._batch = self._batch_images = 0
        self._later = self._later_each = 0.0
        self._broken = 0
        self._marks: deque[tuple[float, float]] = deque()
        """When how much work was done, over the last RECENT seconds."""
        self._started: float | None = None
        self._worked = 0.0
        self._stage_started = 0.0
        self._stage_images = self._attacked = 0
        self.state: EngineState = "running"
        self.seconds_left: float | None = None
        """At most, for the whole run; None: too early to tell."""
        self.seconds_expected: float | None = None
        """As expected, for the whole run; None before the stage's first batch is done."""
        self._last = Heartbeat(time.time(), self.state, "", 0, 0, 0.0, None)

    def clean(self, model: str, done: int, total: int, images_per_second: float) -> None:
        """`done` of `total` samples have their clean prediction."""
        self._send(Heartbeat(time.time(), self.state, f"{model} · clean", done, total, images_per_second, None))

    def check(self, model: str) -> None:
        """The attacks are done, and `model` is looked at once more."""
        self._send(Heartbeat(time.time(), self.state, f"{model} · checks", 0, 1, 0.0, None))

    def _send(self, beat: Heartbeat) -> None:
        self._last = beat
        self._heartbeat(beat)

    def start_stage(self, ordinal: int, entered: int, done: int, standing: int, correct: int) -> None:
        """Of all models together: `done` of `entered` samples were attacked before, `standing` and `correct` are left.

        correct: on the clean image, which is what the search for distances looks at.
        """
        self._ordinal, self._total, self._done, self._broken = ordinal, entered, done, 0
        later = list(zip(self._stages, self._cost, strict=True))[ordinal + 1 :]
        self._later_each = float(sum(cost for stage, cost in later if isinstance(stage, Stage)))
        distances = sum(cost for stage, cost in later if not isinstance(stage, Stage))
        self._later = standing * self._later_each + correct * distances
        self._attacked = 0
        self._stage_started, self._stage_images = time.monotonic(), 0
        if self._started is None:
            self._started = self._stage_started

    def start_batch(self, model: int, samples: int) -> None:
        """A batch of `samples` against `model` begins."""
        self._model, self._batch = model, samples
        self.forwarded(0)

    def forwarded(self, images: int) -> None:
        """`images` were passed forward in the batch in flight so far."""
        self._batch_images = images
        self._report()

    def beat(self) -> None:
        """A sign of life while nothing is done."""
        self._heartbeat(replace(self._last, at=time.time(), state=self.state))

    def paused(self, seconds: float) -> None:
        """Nothing was done for `seconds`: that says nothing of the pace."""
        self._stage_started += seconds
        self._marks = deque((at + seconds, worked) for at, worked in self._marks)
        if self._started is not None:
            self._started += seconds

    def batch_done(self, samples: int, broken: int) -> None:
        """The batch in flight is done, and broke so many of its samples."""
        self._done += samples
        self._attacked += samples
        self._broken += broken
        self._worked += samples * self._cost[self._ordinal]
        self._stage_images += self._batch_images
        self._batch = self._batch_images = 0

    def _report(self) -> None:
        now, images = time.monotonic(), self._batch_images
        all_of_batch = self._batch * self._forwards[self._ordinal]
        fraction = min(images / all_of_batch, 1.0) if all_of_batch else 0.0
        done = self._done + fraction * self._batch
        cost = self._cost[self._ordinal]
        worked = self._worked + fraction * self._batch * cost
        if now - (self._started or now) > 1 and worked > 0:
            self._foresee((self._total - done) * cost, self._seconds_of_one(now, worked))
        spent = now - self._stage_started
        rate = (self._stage_images + images) / spent if spent > 0 else 0.0
        model, stage = self._models[self._model], self._stages[self._ordinal].name
        doing = f"{model} · {stage}"
        left, expected = self.seconds_left, self.seconds_expected
        self._send(Heartbeat(time.time(), self.state, doing, int(done), self._total, rate, left, expected))
        self._observer.progress(Progress(model, stage, done, self._total, rate, left, expected))

    def _seconds_of_one(self, now: float, worked: float) -> float:
        """Seconds that one forward-pass equivalent took of late; work is counted from the run's start."""
        if not self._marks:
            self._marks.append((self._started or now, 0.0))
        if now - self._marks[-1][0] >= RECENT / 60:
            self._marks.append((now, worked))
        while len(self._marks) > 2 and self._marks[1][0] <= now - RECENT:
            self._marks.popleft()
        at, before = self._marks[0]
        if worked <= before:  # nothing in all that time
            return (now - (self._started or now)) / worked
        return (now - at) / (worked - before)

    def _foresee(self, left_of_stage: float, seconds_of_one: float) -> None:
        """Renew both times left; left_of_stage: work."""
        later = self._later - self._broken * self._later_each
        self.seconds_left = (left_of_stage + later) * seconds_of_one
        if not self._attacked:
            self.seconds_expected = None
            return
        breaking = self._broken / self._attacked * (self._total - self._done)
        self.seconds_expected = (left_of_stage + later - breaking * self._later_each) * seconds_of_one
