"""How far the run is, how fast it goes, and how long it can still take."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from thinice_tui.attacks.ensembles import Stage
from thinice_tui.engine.observer import Observer, Progress
from thinice_tui.runfile.records import EngineState, Heartbeat

BACKWARD_COST = 2
"""A backward pass costs about two forward passes."""


class Pace:
    """Counts work in forward-pass equivalents that would be needed if nothing more broke.

    Because samples that break need no more work, the time left is an upper estimate; it is renewed
    from what still stands at each stage.
    """

    def __init__(
        self,
        models: Sequence[str],
        stages: Sequence[Stage],
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
        self._later = 0.0
        self._started: float | None = None
        self._worked = 0.0
        self._stage_started = 0.0
        self._stage_images = 0
        self.state: EngineState = "running"
        self.seconds_left: float | None = None
        """At most, for the whole run; None: too early to tell."""
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

    def start_stage(self, ordinal: int, entered: int, done: int, standing: Sequence[int]) -> None:
        """Of all models together, `done` of `entered` samples were attacked before; `standing`: of each model."""
        self._ordinal, self._total, self._done = ordinal, entered, done
        self._later = float(sum(standing) * sum(self._cost[ordinal + 1 :]))
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
        if self._started is not None:
            self._started += seconds

    def batch_done(self, samples: int) -> None:
        self._done += samples
        self._worked += samples * self._cost[self._ordinal]
        self._stage_images += self._batch_images
        self._batch = self._batch_images = 0

    def _report(self) -> None:
        now, images = time.monotonic(), self._batch_images
        expected = self._batch * self._forwards[self._ordinal]
        fraction = min(images / expected, 1.0) if expected else 0.0
        done = self._done + fraction * self._batch
        cost = self._cost[self._ordinal]
        worked = self._worked + fraction * self._batch * cost
        elapsed = now - (self._started or now)
        left = None
        if elapsed > 1 and worked > 0:
            self.seconds_left = left = ((self._total - done) * cost + self._later) * elapsed / worked
        spent = now - self._stage_started
        rate = (self._stage_images + images) / spent if spent > 0 else 0.0
        model, stage = self._models[self._model], self._stages[self._ordinal].name
        doing = f"{model} · {stage}"
        self._send(Heartbeat(time.time(), self.state, doing, int(done), self._total, rate, left))
        self._observer.progress(Progress(model, stage, done, self._total, rate, left))
