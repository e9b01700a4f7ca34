"""Several runs read together: numbers over training seeds, stable losses, attack noise, other ensembles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from thinice_tui.analysis.comparison import Analysis, ModelSummary, analyse
from thinice_tui.analysis.excess import excesses
from thinice_tui.analysis.several.claims_over_seeds import ClaimOverSeeds, claims_of_seed, claims_over_seeds
from thinice_tui.analysis.several.ensembles import EnsembleDifference, ensemble_differences
from thinice_tui.analysis.several.exemplars import Exemplars, exemplars
from thinice_tui.analysis.several.groups import RunGroups, group_runs
from thinice_tui.analysis.several.over_seeds import OverSeeds, over_seeds
from thinice_tui.analysis.several.stability import Stability, stability
from thinice_tui.protocol.claims import Claim, claims_of
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
class SeveralRuns:
    """Everything that reports say about several runs together."""

    groups: RunGroups
    seeds: tuple[Analysis, ...]
    """One analysis a training seed; with a repeat where a run under another attack seed is at hand."""
    models: tuple[ModelOverSeeds, ...]
    """Empty for one training seed."""
    ensembles: tuple[EnsembleDifference, ...]
    claims: tuple[ClaimOverSeeds, ...] = ()


def analyse_several(runs: Sequence[Run], claims: Sequence[Claim] = ()) -> SeveralRuns:
    """The analysis of `runs` together; raises RunFileError where they differ in what has to be the same.

    claims: of models of the first run, checked against every seed. Raises UsageError for a claim of a model that not
    every run has.
    """
    groups = group_runs(runs)
    first = groups.seeds[0]
    known = claims_of(claims, {model.record.name: model.record.role for model in first.models})
    seeds = tuple(analyse(one.first, claims_of_seed(known, first, one.first), one.repeats) for one in groups.groups)
    several = len(seeds) > 1
    return SeveralRuns(
        groups,
        seeds,
        _models(seeds) if several else (),
        ensemble_differences(groups),
        claims_over_seeds(seeds) if several else (),
    )


NUMBERS: dict[str, Callable[[ModelSummary], float]] = {
    "clean_accuracy": lambda one: np.nan if one.clean_accuracy is None else one.clean_accuracy.value,
    "robust_accuracy": lambda one: np.nan if one.robust_accuracy is None else one.robust_accuracy.value,
}


def _models(seeds: Sequence[Analysis]) -> tuple[ModelOverSeeds, ...]:
    found = []
    beyond = [excesses(analysis) for analysis in seeds]  # pruned models come first in a run
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
        if all(len(of_seed) >= place for of_seed in beyond):
            numbers["excess_nfr"] = over_seeds([of_seed[place - 1].excess_nfr.value for of_seed in beyond])
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
