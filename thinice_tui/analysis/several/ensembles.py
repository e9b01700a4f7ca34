"""The same models under two ensembles of attacks: which samples one breaks that the other leaves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.correctness import Mask, robust_correct
from thinice_tui.analysis.flip_sets import FlipSets, flip_sets
from thinice_tui.analysis.several.groups import RunGroups
from thinice_tui.runfile.records import ModelOutcomes


@dataclass(frozen=True)
class EnsembleDifference:
    """One model under two ensembles.

    seed: the number of its training seed, from 1; sets: first digit, the first ensemble leaves the sample robust,
    second digit, the other does. broken_by, other_broken_by: by stage of the first and of the other ensemble, how many
    samples it breaks that the whole other ensemble leaves.
    """

    seed: int
    model: str
    attack: str
    other_attack: str
    sets: FlipSets
    broken_by: dict[str, int]
    other_broken_by: dict[str, int]


def ensemble_differences(groups: RunGroups) -> tuple[EnsembleDifference, ...]:
    """The first run of every group against each of its runs by another ensemble, model by model."""
    found = []
    for seed, group in enumerate(groups.groups, start=1):
        for run in group.ensembles:
            for model, again in zip(group.first.models, run.models, strict=True):
                sets = flip_sets(
                    robust_correct(group.first, model, len(model.stages)), robust_correct(run, again, len(again.stages))
                )
                found.append(
                    EnsembleDifference(
                        seed,
                        model.record.name,
                        group.first.info.settings.attack_shown,
                        run.info.settings.attack_shown,
                        sets,
                        _by_stage(model, sets.s01),
                        _by_stage(again, sets.s10),
                    )
                )
    return tuple(found)


def _by_stage(model: ModelOutcomes, alone: Mask) -> dict[str, int]:
    """How many of the samples `alone` each stage broke."""
    broken: NDArray[np.int16] = model.broken_by[alone]
    return {stage.name: int((broken == stage.ordinal).sum()) for stage in model.stages}
