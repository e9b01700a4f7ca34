"""The outcomes of a run so far, of every model and sample, as the phases need them while they compute."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from thinice_tui.protocol.margins import logit_margin
from thinice_tui.runfile.records import BatchOutcome
from thinice_tui.runfile.writer import RunWriter


class Outcomes:
    """Clean logits, worst margins and verdicts. Models are numbered in the run's order, the dense one first."""

    def __init__(self, writer: RunWriter, models: int, labels: NDArray[np.int64], classes: int) -> None:
        """Reads what an earlier engine has computed. labels: [n]."""
        n = len(labels)
        self.labels = labels
        self.clean_logits = [writer.clean_logits(model, n, classes) for model in range(models)]
        """Float32 [n,C] for each model, NaN where not yet computed."""
        self._worst_margins = [logit_margin(writer.worst_logits(model, n, classes), labels) for model in range(models)]
        self._broken_by = [writer.broken_by(model, n) for model in range(models)]

    @property
    def models(self) -> range:
        """The models' numbers."""
        return range(len(self.clean_logits))

    def correct(self, model: int) -> NDArray[np.bool_]:
        """Bool [n]: classified correctly on the clean image."""
        correct: NDArray[np.bool_] = self.clean_logits[model].argmax(axis=1) == self.labels
        return correct

    def standing(self, model: int, before: int | None = None) -> NDArray[np.bool_]:
        """Bool [n]: correct on the clean image and not broken by any stage, or by none before the ordinal `before`."""
        broken_by = self._broken_by[model]
        broken = (broken_by >= 0) if before is None else (broken_by >= 0) & (broken_by < before)
        standing: NDArray[np.bool_] = self.correct(model) & ~broken
        return standing

    def broken_by(self, model: int, ordinal: int) -> int:
        """How many samples that stage has broken."""
        return int((self._broken_by[model] == ordinal).sum())

    def add(self, model: int, ordinal: int, outcome: BatchOutcome) -> NDArray[np.bool_]:
        """Take up a batch of the stage `ordinal`; returns bool [b], the samples whose adversarial image is to be kept.

        These are the samples that broke, and those whose margin is the lowest so far. NaN logits are never kept.
        """
        margins = logit_margin(outcome.logits, self.labels[outcome.positions])
        worst = self._worst_margins[model]
        with np.errstate(invalid="ignore"):
            lower = np.isfinite(margins) & ~(margins >= worst[outcome.positions])
        kept = outcome.broken | lower
        worst[outcome.positions[kept]] = margins[kept]
        self._broken_by[model][outcome.positions[outcome.broken]] = ordinal
        return kept

    def counts(self) -> tuple[int, int]:
        """Samples over all models together: those standing so far, and those correct on the clean image."""
        standing = sum(int(self.standing(model).sum()) for model in self.models)
        return standing, sum(int(self.correct(model).sum()) for model in self.models)

    def flips(self) -> dict[int, set[int]]:
        """By model, the positions of samples that dense and another model judge differently at the end of the run."""
        standing = [self.standing(model) for model in self.models]
        flips = [standing[0] != other for other in standing]
        flips[0] = np.logical_or.reduce(flips)
        return {model: set(np.flatnonzero(mask).tolist()) for model, mask in enumerate(flips)}


def batches(positions: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    """Positions [n] in batches of `size`, the last one smaller."""
    for start in range(0, len(positions), size):
        yield positions[start : start + size]


def batches_left(positions: NDArray[np.int64], done: Mapping[int, int], size: int) -> dict[int, NDArray[np.int64]]:
    """What is left of positions [n], in batches of at most `size`, by the place of each batch's first in `positions`.

    done: how many places are done from each first place on.
    """
    left = np.ones(len(positions), dtype=np.bool_)
    for first, count in done.items():
        left[first : first + count] = False
    places = np.flatnonzero(left)
    stretches = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    return {int(batch[0]): positions[batch] for stretch in stretches for batch in batches(stretch, size)}
