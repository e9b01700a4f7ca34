"""Racing: candidates are compared on growing numbers of images, and the significantly worse ones are dropped.

The method is that of Hoeffding races (Maron and Moore, NIPS 6, 1994), with a paired test in place of the bound.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import MAX_IMAGES, StratifiedSample
from thinice_tui.engine.preflight.outputs import BATCH, forward
from thinice_tui.engine.preflight.significance import Correct, significantly_better
from thinice_tui.engine.worker.memory import is_out_of_memory
from thinice_tui.models.load import LoadedModel

PILOT = 8
"""Images on which the speed is measured."""
ROUNDS = (64, 256, MAX_IMAGES)
"""Images seen by the end of each round; the losers are dropped after it."""
SECONDS = 30.0
"""A round does not start if it would end later than this after the race's start."""

Predictions = NDArray[np.int64]
"""The class that is predicted for each image: [n], or [m,n] for m models."""
Candidates = Mapping[str, Sequence[LoadedModel]]
"""By candidate: the same m models, each in the form that the candidate gives it."""


@dataclass(frozen=True)
class RaceResult:
    """The candidates' accuracy, by candidate, after `images` images.

    predicted: [m,n] for m models and n images, of the candidates that are still in the race; labels: int64 [n];
    accuracies: float64 [m], of every candidate, on the images that it saw; seen: how many images those were.
    """

    images: int
    predicted: dict[str, Predictions]
    labels: NDArray[np.int64]
    accuracies: dict[str, NDArray[np.float64]]
    seen: dict[str, int]

    @cached_property
    def correct(self) -> dict[str, Correct]:
        """Bool [m,n]: whether each prediction is right."""
        return {name: predicted == self.labels for name, predicted in self.predicted.items()}

    @property
    def best(self) -> str:
        """The candidate with the highest accuracy over all models; the first of several."""
        return max(self.correct, key=lambda name: float(self.correct[name].mean()))

    def tied(self) -> list[str]:
        """The candidates that are not significantly worse than the best, which is one of them."""
        best = self.correct[self.best]
        return [name for name, right in self.correct.items() if not significantly_better(best, right)]

    def without_losers(self, keep: str) -> "RaceResult":
        """Drop each candidate that is significantly worse than the best, unless it is `keep` or the better for one
        of the models."""
        best, tied = self.correct[self.best], self.tied()

        def better_for_one(right: Correct) -> bool:
            return any(significantly_better(mine, theirs) for mine, theirs in zip(right, best, strict=True))

        kept = {name for name, right in self.correct.items() if name in tied or name == keep or better_for_one(right)}
        return replace(self, predicted={name: self.predicted[name] for name in self.predicted if name in kept})


def race_candidates(
    candidates: Candidates,
    probe: StratifiedSample,
    device: torch.device,
    rounds: Sequence[int] = ROUNDS,
    keep: str = "",
) -> RaceResult | None:
    """Race `candidates` on the probe's images; None: none of them can classify these images.

    keep: a candidate that is never dropped. A round that would not end within SECONDS is halved until it would, and is
    the last.
    """
    started = time.perf_counter()
    result, cost = _next_round(None, candidates, probe.first(PILOT), device)
    for size in rounds:
        if result is None:
            return None
        began = time.perf_counter()
        size = min(size, len(probe))
        count = size
        while count > result.images and (count - result.images) * cost > SECONDS - (began - started):
            count //= 2
        if count > result.images:
            samples = probe.first(count)
            reading = (time.perf_counter() - began) / count
            result, cost = _next_round(result, candidates, samples, device)
            cost += reading
        if count < size:
            return result
        result = result and result.without_losers(keep)
    return result


def _next_round(
    result: RaceResult | None, candidates: Candidates, samples: Samples, device: torch.device
) -> tuple[RaceResult | None, float]:
    """The result after the samples that it does not include yet, and the seconds per image of all candidates together.

    Candidates that cannot classify the images are dropped; None: all of them are.
    """
    start = 0 if result is None else result.images
    predicted: dict[str, Predictions] = {}
    costs = []
    for name in candidates if result is None else result.predicted:
        began = time.perf_counter()
        new = [predictions_from(model, samples, start, device) for model in candidates[name]]
        costs.append((time.perf_counter() - began) / max(1, len(samples) - start))
        if all(classes is not None for classes in new):
            fresh = np.stack([classes for classes in new if classes is not None])
            predicted[name] = fresh if result is None else np.concatenate([result.predicted[name], fresh], axis=1)
    if not predicted:
        return None, 0.0
    accuracies = {name: (classes == samples.labels).mean(axis=1) for name, classes in predicted.items()}
    seen = dict.fromkeys(predicted, len(samples))
    if result is not None:
        accuracies, seen = result.accuracies | accuracies, result.seen | seen
    # the cost of the fastest candidate: a network's first passes are slow
    return RaceResult(len(samples), predicted, samples.labels, accuracies, seen), min(costs) * len(predicted)


def predictions_from(model: LoadedModel, samples: Samples, start: int, device: torch.device) -> Predictions | None:
    """The class that is predicted for each image from `start` on, [n]; None: the model fails on the images.

    Raises OutOfMemory: a model that does not fit says nothing about a candidate.
    """
    parts = []
    try:
        for at in range(start, len(samples), BATCH):
            part = slice(at, min(at + BATCH, len(samples)))
            logits = forward(model, samples.floats(part), device)
            if logits.ndim != 2 or len(logits) != part.stop - part.start:
                return None
            parts.append(logits.argmax(axis=1))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's forward pass may raise anything
        if is_out_of_memory(error):
            raise
        return None
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
