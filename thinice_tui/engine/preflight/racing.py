"""Racing: candidates are compared on growing numbers of images, and the significantly worse ones are dropped.

The method is that of Hoeffding races (Maron and Moore, NIPS 6, 1994), with a paired test in place of the bound.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import MAX_IMAGES, StratifiedSample
from thinice_tui.engine.preflight.outputs import BATCH, forward
from thinice_tui.engine.preflight.significance import Correct, significantly_better
from thinice_tui.models.load import LoadedModel

PILOT = 8
"""Images on which the speed is measured."""
ROUNDS = (64, 256, MAX_IMAGES)
"""Images seen by the end of each round; the losers are dropped after it."""
SECONDS = 30.0
"""A round does not start if it would end later than this after the race's start."""

Candidates = Mapping[str, Sequence[LoadedModel]]
"""By candidate: the same m models, each in the form that the candidate gives it."""


@dataclass(frozen=True)
class RaceResult:
    """The candidates' accuracy, by candidate, after `images` images.

    correct: bool [m,n] for m models and n images, of the candidates that are still in the race; accuracies: float64
    [m], of every candidate, on the images that it saw; seen: how many images those were.
    """

    images: int
    correct: dict[str, Correct]
    accuracies: dict[str, NDArray[np.float64]]
    seen: dict[str, int]

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

        kept = {
            name: right for name, right in self.correct.items() if name in tied or name == keep or better_for_one(right)
        }
        return replace(self, correct=kept)


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
    correct: dict[str, Correct] = {}
    costs = []
    for name in candidates if result is None else result.correct:
        began = time.perf_counter()
        new = [correct_from(model, samples, start, device) for model in candidates[name]]
        costs.append((time.perf_counter() - began) / max(1, len(samples) - start))
        if all(right is not None for right in new):
            fresh = np.stack([right for right in new if right is not None])
            correct[name] = fresh if result is None else np.concatenate([result.correct[name], fresh], axis=1)
    if not correct:
        return None, 0.0
    accuracies = {name: right.mean(axis=1) for name, right in correct.items()}
    seen = dict.fromkeys(correct, len(samples))
    if result is not None:
        accuracies, seen = result.accuracies | accuracies, result.seen | seen
    # the cost of the fastest candidate: a network's first passes are slow
    return RaceResult(len(samples), correct, accuracies, seen), min(costs) * len(correct)


def correct_from(model: LoadedModel, samples: Samples, start: int, device: torch.device) -> Correct | None:
    """Bool [n]: whether each image from `start` on is classified correctly; None: the model fails on the images."""
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
    except BaseException:  # a user's forward pass may raise anything
        return None
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.bool_)
