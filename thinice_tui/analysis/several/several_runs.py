"""Several runs read together: numbers over training seeds, stable losses, attack noise, other ensembles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from thinice_tui.analysis.comparison import Analysis, ModelSummary, analyse
from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.analysis.excess import excesses
from thinice_tui.analysis.flip_sets import FlipSets, flip_sets
from thinice_tui.analysis.several.exemplars import Exemplars, exemplars
from thinice_tui.analysis.several.groups import RunGroups, group_runs
from thinice_tui.analysis.several.over_seeds import OverSeeds, over_seeds
from thinice_tui.analysis.several.stability import Stability, stability
from thinice_tui.protocol.claims import Claim
from thinice_tui.runfile.records import ModelRecord, Run


@dataclass(frozen=True)
class ModelOverSeeds:
    """One model of every training seed. record: of the first seed; numbers: by the JSON report's name, one a seed.

    stability, exemplars: of its losses against the dense model of the same seed; None for dense and below two and three
    seeds.
    """

    record: ModelRecord
    numbers: dict[str, OverSeeds]
    stability: Stability | None
    exemplars: Exemplars | None


@dataclass(frozen=True)
class EnsembleDifference:
    """One model under two ensembles of attacks. sets: first digit the first ensemble leaves the sample robust, second
    digit the other does."""

    model: str
    attack: str
    other_attack: str
    sets: FlipSets


@dataclass(frozen=True)
class SeveralRuns:
    """Everything that reports say about several runs together."""

    groups: RunGroups
    seeds: tuple[Analysis, ...]
    """One analysis a training seed; with a repeat where a run under another attack seed is at hand."""
    models: tuple[ModelOverSeeds, ...]
    """Empty for one training seed."""
    ensembles: tuple[EnsembleDifference, ...]


def analyse_several(runs: Sequence[Run], claims: Sequence[Claim] = ()) -> SeveralRuns:
    """The analysis of `runs` together; raises RunFileError where they differ in what has to be the same.

    claims: of models of the first run. Raises UsageError for a claim of a model that it lacks.
    """
    groups = group_runs(runs)
    seeds = tuple(
        analyse(group.first, () if number else claims, next(iter(group.repeats), None))
        for number, group in enumerate(groups.groups)
    )
    return SeveralRuns(groups, seeds, _models(seeds) if len(seeds) > 1 else (), _ensembles(groups))


NUMBERS: dict[str, Callable[[ModelSummary], float]] = {
    "clean_accuracy": lambda one: np.nan if one.clean_accuracy is None else one.clean_accuracy.value,
    "robust_accuracy": lambda one: np.nan if one.robust_accuracy is None else one.robust_accuracy.value,
}


def _models(seeds: Sequence[Analysis]) -> tuple[ModelOverSeeds, ...]:
    found = []
    for place, summary in enumerate(seeds[0].models):
        numbers = {name: over_seeds([value(one.models[place]) for one in seeds]) for name, value in NUMBERS.items()}
        if place == 0:
            found.append(ModelOverSeeds(summary.model.record, numbers, None, None))
            continue
        compared = [one.comparisons[place - 1] for one in seeds]
        numbers |= {
            "nfr": over_seeds([one.nfr.value for one in compared]),
            "pfr": over_seeds([one.pfr.value for one in compared]),
            "auc_s10_s11": over_seeds([one.auc_s10_s11.value for one in compared]),
        }
        beyond = [[one.excess_nfr.value for one in excesses(analysis)][place - 1 : place] for analysis in seeds]
        if all(beyond):
            numbers["excess_nfr"] = over_seeds([value for (value,) in beyond])
        dense = [one.run.models[0] for one in seeds]
        stable = stability(
            [one.sets.s10 for one in compared],
            [one.sets.s10 | one.sets.s11 for one in compared],
            [model.clean_margin for model in dense],
        )
        modal = exemplars(
            [model.clean_prediction for model in dense],
            [one.other.clean_prediction for one in compared],
            [one.sets.s10 | one.sets.s11 for one in compared],
            [one.sets.s11 | one.sets.s01 for one in compared],
        )
        found.append(ModelOverSeeds(summary.model.record, numbers, stable, modal))
    return tuple(found)


def _ensembles(groups: RunGroups) -> tuple[EnsembleDifference, ...]:
    return tuple(
        EnsembleDifference(
            model.record.name,
            group.first.info.settings.attack,
            run.info.settings.attack,
            flip_sets(
                robust_correct(group.first, model, len(model.stages)), robust_correct(run, again, len(again.stages))
            ),
        )
        for group in groups.groups
        for run in group.ensembles
        for model, again in zip(group.first.models, run.models, strict=True)
    )
