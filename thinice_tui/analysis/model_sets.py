"""The sets of all models of a run against dense, and which model is the first to lose a sample."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.analysis.ladder import by_sparsity, first_loss, pruned_away
from thinice_tui.analysis.live_sets import live_sets
from thinice_tui.runfile.records import Floats, Run

LOST = SETS.index("S10")


@dataclass(frozen=True)
class ModelSets:
    """What is computed once for a run, however its samples are filtered and sorted."""

    run: Run
    _codes: dict[int, NDArray[np.int8]] = field(default_factory=dict)

    def codes(self, number: int) -> NDArray[np.int8]:
        """The set of each sample for the model `number`, int8 [n] into SET_NAMES; of dense itself, whether it holds."""
        if number not in self._codes:
            self._codes[number] = live_sets(self.run, self.run.models[number])
        return self._codes[number]

    @cached_property
    def rungs(self) -> tuple[int, ...]:
        """The numbers of the pruned models, by rising sparsity."""
        return pruned_by_sparsity(self.run)

    @cached_property
    def falls_at(self) -> Floats:
        """What was pruned away, in %, of the first model that loses a sample: float32 [n]; NaN: none does."""
        if not self.rungs:
            return np.full(len(self.run.labels), np.nan, dtype=np.float32)
        first = first_loss(np.array([self.codes(number) == LOST for number in self.rungs]))
        percents = np.array([*(percent_pruned(self.run, number) for number in self.rungs), np.nan], dtype=np.float32)
        return percents[first]


def pruned_by_sparsity(run: Run) -> tuple[int, ...]:
    """The numbers of the pruned models of `run`, by rising sparsity."""
    pruned = [number for number, model in enumerate(run.models) if model.record.role == "pruned"]
    return tuple(by_sparsity(pruned, [run.models[number].record for number in pruned], run.models[0].record))


def models_by_sparsity(run: Run) -> tuple[int, ...]:
    """The numbers of all models: dense, the pruned ones by rising sparsity, the controls."""
    rungs = pruned_by_sparsity(run)
    return (0, *rungs, *(number for number in range(1, len(run.models)) if number not in rungs))


def percent_pruned(run: Run, number: int) -> float:
    """What was pruned away of the model `number`, in % with one decimal."""
    return round(100 * pruned_away(run.models[number].record, run.models[0].record), 1)


def short_names(run: Run) -> dict[int, str]:
    """By number: `90%`, what was pruned away; the name of dense, of controls, and of models that are equally sparse."""
    shown = {number: f"{percent_pruned(run, number):g}%" for number in pruned_by_sparsity(run)}
    names = {number: model.record.name for number, model in enumerate(run.models)}
    alone = {number: short for number, short in shown.items() if list(shown.values()).count(short) == 1}
    return names | alone
