"""A run of two models at every moment, made in memory, together with what really becomes of each sample."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.fake_runs import record, run_table
from thinice_tui.analysis.live_sets import SET_NAMES, live_sets
from thinice_tui.runfile.records import ModelOutcomes, Role, Run, StageRecord
from thinice_tui.runfile.run_info import RunInfo

STAGES = 3
CLEAN, STANDING = -1, -2
"""What becomes of a sample, beside the ordinal of the stage that breaks it."""


@dataclass
class Model:
    """A model on its way through a run: what becomes of its samples, and which batches it has done."""

    fates: NDArray[np.int64]
    known: NDArray[np.bool_]
    done: list[set[int]]
    """Batches of each stage."""
    finished: list[bool]
    size: int

    def batches(self, ordinal: int) -> list[NDArray[np.int64]]:
        entered = np.flatnonzero((self.fates == STANDING) | (self.fates >= ordinal))
        return [entered[i : i + self.size] for i in range(0, len(entered), self.size)]

    def through(self) -> NDArray[np.int64]:
        """Stages that each sample has gone through; those that it has never entered do not count."""
        count = np.zeros(len(self.fates), dtype=np.int64)
        for ordinal in range(STAGES):
            for batch in self.done[ordinal]:
                count[self.batches(ordinal)[batch]] += 1
        return count

    def lost(self) -> NDArray[np.bool_]:
        """The samples that it is known to have lost."""
        lost: NDArray[np.bool_] = (self.fates == CLEAN) | ((self.fates >= 0) & (self.fates < self.through()))
        return self.known & lost

    def outcomes(self, role: Role, labels: NDArray[np.int64]) -> ModelOutcomes:
        """What a reader of the run file would find."""
        wrong, broken = self.known & (self.fates == CLEAN), self.lost() & (self.fates >= 0)
        prediction = np.where(self.known, np.where(wrong, labels + 1, labels), -1).astype(np.int32)
        margin = np.where(self.known, np.where(wrong, -1.0, 1.0), np.nan).astype(np.float32)
        stages = tuple(
            StageRecord(
                ordinal=ordinal,
                name=f"stage {ordinal}",
                parameters={},
                entered=9 if self.finished[ordinal] or self.done[ordinal] else None,
                finished=self.finished[ordinal],
                attacked=0,
                batches=frozenset(
                    (batch * self.size, len(self.batches(ordinal)[batch])) for batch in self.done[ordinal]
                ),
                forwards=0,
                backwards=0,
                seconds=0.0,
            )
            for ordinal in range(STAGES)
        )
        return ModelOutcomes(
            record=record(role, role),
            stages=stages,
            clean_prediction=prediction,
            clean_margin=margin,
            worst_prediction=np.where(broken, labels + 1, prediction).astype(np.int32),
            worst_margin=np.where(broken, np.float32(-1), margin),
            broken_by=np.where(broken, self.fates, -1).astype(np.int16),
            distance=np.where(broken, 0.03, np.nan),
            boundary=np.full(len(labels), np.nan),
        )


@dataclass
class Moment:
    """A run at one moment, and its two models as they really are."""

    run: Run
    models: tuple[Model, Model]

    @property
    def names(self) -> NDArray[np.str_]:
        """The set of each sample."""
        return np.array(SET_NAMES)[live_sets(self.run, self.run.models[1])]


def moment(models: tuple[Model, Model], complete: bool) -> Moment:
    n = len(models[0].fates)
    labels = np.zeros(n, dtype=np.int64)
    times = {"created": 0.0, "finished": 1.0 if complete else None}
    info = RunInfo.from_table(run_table(n, 2, "quick", ["a", "b"]) | times)
    found = models[0].outcomes("dense", labels), models[1].outcomes("pruned", labels)
    return Moment(Run("made", info, labels, np.arange(n), ("a", "b"), found, None, None), copy.deepcopy(models))


def moments(pairs: list[tuple[int, int]], size: int) -> Iterator[Moment]:
    """A run from its beginning to its end, a moment after each batch: the models take turns within a stage."""
    n = len(pairs)
    first, second = (
        Model(np.array(fates), np.zeros(n, dtype=bool), [set() for _ in range(STAGES)], [False] * STAGES, size)
        for fates in zip(*pairs, strict=True)
    )
    models = first, second
    yield moment(models, False)
    for model in models:
        for start in range(0, n, size):
            model.known[start : start + size] = True
            yield moment(models, False)
    for ordinal in range(STAGES):
        longest = max(len(model.batches(ordinal)) for model in models)
        for batch in range(max(longest, 1)):
            for model in models:
                count = len(model.batches(ordinal))
                if batch < count:
                    model.done[ordinal].add(batch)
                    yield moment(models, False)
                if batch >= count - 1:
                    model.finished[ordinal] = True
                    yield moment(models, False)
    yield moment(models, True)


FATES = st.sampled_from([CLEAN, STANDING, STANDING, *range(STAGES)])
PAIRS = st.lists(st.tuples(FATES, FATES), min_size=1, max_size=12)
SIZES = st.integers(1, 5)


@st.composite
def any_moment(draw: st.DrawFn) -> Moment:
    every = list(moments(draw(PAIRS), draw(SIZES)))
    return every[draw(st.integers(0, len(every) - 1))]
