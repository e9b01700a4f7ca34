"""Forms of the same models raced on the same images, until it shows which of them classifies more rightly."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import MAX_IMAGES, StratifiedSample
from thinice_tui.engine.preflight.outputs import BATCH, forward
from thinice_tui.models.load import LoadedModel
from thinice_tui.models.normalization import told_apart

PILOT = 8
"""Images on which the speed is measured."""
ROUNDS = (64, 256, MAX_IMAGES)
"""Images after which those that are worse are given up."""
SECONDS = 30.0
"""A race does not begin what would take it beyond this."""

Correct = NDArray[np.bool_]
Options = Mapping[str, Sequence[LoadedModel]]
"""Forms of the same m models, by name."""


@dataclass(frozen=True)
class Raced:
    """What was seen of the forms, by name, on n images.

    correct: bool [m,n], which images each of m models got right, of forms that were not given up; accuracies:
    float64 [m], of all, on as many images as each saw; seen: how many.
    """

    images: int
    correct: dict[str, Correct]
    accuracies: dict[str, NDArray[np.float64]]
    seen: dict[str, int]

    @property
    def best(self) -> str:
        """The most accurate over all models; the first of several."""
        return max(self.correct, key=lambda name: float(self.correct[name].mean()))

    def alike(self) -> list[str]:
        """The forms that noise does not tell from the best, itself included."""
        best = self.correct[self.best]
        return [name for name, right in self.correct.items() if not told_apart(best, right)]

    def without_losers(self, stays: str) -> "Raced":
        """Without what is told to be worse than the best over all models, and not to be better for one of them."""
        best, alike = self.correct[self.best], self.alike()

        def better_for_one(right: Correct) -> bool:
            return any(told_apart(mine, theirs) for mine, theirs in zip(right, best, strict=True))

        kept = {
            name: right
            for name, right in self.correct.items()
            if name in alike or name == stays or better_for_one(right)
        }
        return replace(self, correct=kept)


def race(
    options: Options, probe: StratifiedSample, device: torch.device, rounds: Sequence[int] = ROUNDS, stays: str = ""
) -> Raced | None:
    """Race `options` on the probe's images; None: no form takes them.

    After each round the losers are given up (2 standard errors); `stays` never is. A round that would not end within
    30 s is halved until it would, and is the last.
    """
    started = time.perf_counter()
    raced, cost = _further(None, options, probe.first(PILOT), device)
    for size in rounds:
        if raced is None:
            return None
        began = time.perf_counter()
        size = min(size, len(probe))
        count = size
        while count > raced.images and (count - raced.images) * cost > SECONDS - (began - started):
            count //= 2
        if count > raced.images:
            samples = probe.first(count)
            reading = (time.perf_counter() - began) / count
            raced, cost = _further(raced, options, samples, device)
            cost += reading
        if count < size:
            return raced
        raced = raced and raced.without_losers(stays)
    return raced


def _further(
    raced: Raced | None, options: Options, samples: Samples, device: torch.device
) -> tuple[Raced | None, float]:
    """The race with the samples that it has not seen yet, and how many seconds an image took all forms together.

    Forms that do not take the images are left out; None: all of them.
    """
    start = 0 if raced is None else raced.images
    correct: dict[str, Correct] = {}
    costs = []
    for name in options if raced is None else raced.correct:
        began = time.perf_counter()
        new = [which_correct(model, samples, start, device) for model in options[name]]
        costs.append((time.perf_counter() - began) / max(1, len(samples) - start))
        if all(right is not None for right in new):
            fresh = np.stack([right for right in new if right is not None])
            correct[name] = fresh if raced is None else np.concatenate([raced.correct[name], fresh], axis=1)
    if not correct:
        return None, 0.0
    accuracies = {name: right.mean(axis=1) for name, right in correct.items()}
    seen = dict.fromkeys(correct, len(samples))
    if raced is not None:
        accuracies, seen = raced.accuracies | accuracies, raced.seen | seen
    # the quickest of the forms: a network's first passes are slow
    return Raced(len(samples), correct, accuracies, seen), min(costs) * len(correct)


def which_correct(model: LoadedModel, samples: Samples, start: int, device: torch.device) -> Correct | None:
    """Bool [n]: whether each image from `start` on is classified rightly; None: the model does not take them."""
    parts = []
    try:
        for at in range(start, len(samples), BATCH):
            part = slice(at, min(at + BATCH, len(samples)))
            logits = forward(model, samples.floats(part), device)
            if logits.ndim != 2 or len(logits) != part.stop - part.start:
                return None
            parts.append(logits.argmax(axis=1) == samples.labels[part])
    except KeyboardInterrupt:
        raise
    except BaseException:  # whatever a stranger's forward may raise
        return None
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.bool_)
