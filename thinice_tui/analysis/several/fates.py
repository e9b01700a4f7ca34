"""What became of each sample in every one of several runs, and in how many training seeds it is lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.analysis.live_sets import SET_NAMES, live_sets
from thinice_tui.analysis.several.groups import RunGroups, RunPart, group_runs
from thinice_tui.runfile.records import Floats, ModelOutcomes, Run

LOST = SETS.index("S10")


@dataclass(frozen=True)
class Fate:
    """One sample in one run. other: the model that dense is compared with, None where the run has none that matches;
    set_name: of SET_NAMES, empty without such a model."""

    of: RunPart
    other: ModelOutcomes | None
    set_name: str


@dataclass(frozen=True)
class Fates:
    """The outcomes of several runs beside one another, also while runs are going on.

    A model is asked for by its name in the run that is browsed. Where not every run has a model that matches it,
    nothing is known over seeds.
    """

    groups: RunGroups
    browsed: str
    """The path of the run that is browsed."""
    _codes: dict[int, tuple[ModelOutcomes, ModelOutcomes, NDArray[np.int8]]] = field(default_factory=dict, repr=False)
    """By the other model's identity: dense, that model, each sample's set."""

    @property
    def seeds(self) -> int:
        """How many training seeds there are."""
        return len(self.groups.groups)

    @cached_property
    def parts(self) -> tuple[RunPart, ...]:
        """Every run and what it is."""
        return self.groups.parts

    def times_lost(self, model: str) -> Floats:
        """In how many training seeds each sample is lost, so far: float32 [n]; NaN where not every run has `model`.

        Attack seeds and other ensembles do not count.
        """
        place = self._place(model)
        if place is None:
            return np.full(len(self.parts[0].run.labels), np.nan, dtype=np.float32)
        lost = [self._sets(run, run.models[place]) == LOST for run in self.groups.seeds]
        times: Floats = np.sum(lost, axis=0, dtype=np.float32)
        return times

    def of_sample(self, model: str, position: int) -> tuple[Fate, ...]:
        """What became of the sample at `position` in every run."""
        place = self._place(model)
        if place is None:
            return tuple(Fate(part, None, "") for part in self.parts)
        fates = []
        for part in self.parts:
            other = part.run.models[place]
            fates.append(Fate(part, other, SET_NAMES[self._sets(part.run, other)[position]]))
        return tuple(fates)

    def updated(self, runs: Sequence[Run], browsed: int) -> "Fates":
        """The same of newer readings of the runs, in the order in which they were given; browsed: which of them is."""
        groups = group_runs(runs, unfinished=True)
        kept = {id(model) for part in groups.parts for model in part.run.models}
        codes = {key: one for key, one in self._codes.items() if key in kept}
        return replace(self, groups=groups, browsed=runs[browsed].path, _codes=codes)

    def matching(self, model: str, path: str) -> str | None:
        """The name, in the run at `path`, of the model that matches `model`; None: none does."""
        place = self._place(model)
        return None if place is None else self._run(path).models[place].record.name

    def _place(self, model: str) -> int | None:
        names = [one.record.name for one in self._run(self.browsed).models]
        return names.index(model) if model in names else None

    def _run(self, path: str) -> Run:
        return next(part.run for part in self.parts if part.run.path == path)

    def _sets(self, run: Run, other: ModelOutcomes) -> NDArray[np.int8]:
        known = self._codes.get(id(other))
        if known is not None and known[0] is run.models[0] and known[1] is other:
            return known[2]
        codes = live_sets(run, other)
        self._codes[id(other)] = run.models[0], other, codes
        return codes


def fates_of(runs: Sequence[Run]) -> Fates:
    """The fates of `runs`, the first of which is browsed; they are finished or still going on.

    Raises RunFileError where they cannot be read together.
    """
    return Fates(group_runs(runs, unfinished=True), runs[0].path)
