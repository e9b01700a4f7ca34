"""A dense model against another: flip sets, thin-ice statistics, overestimation. Pure functions on a Run."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.statistics import Auc, Estimate, FlipRate, auc, flip_rates, mcnemar, proportion
from thinice_tui.runfile.records import ModelOutcomes, Run

Mask = NDArray[np.bool_]
SETS = ("S11", "S10", "S01", "S00")


@dataclass(frozen=True)
class StageSummary:
    """One stage against one model. robust_accuracy_after: fraction in [0,1], None until it is finished."""

    name: str
    entered: int | None
    broken: int
    robust_accuracy_after: Estimate | None
    finished: bool
    forwards: int
    backwards: int
    seconds: float


@dataclass(frozen=True)
class Gap:
    """Robust accuracy under the run's own weak attack, under all of it, and the difference; fractions."""

    weak_attack: str
    weak: float
    ensemble: float
    gap: float


@dataclass(frozen=True)
class FlipSets:
    """Samples by who gets them right, first index dense, second the other model; bool masks [n]."""

    s11: Mask
    s10: Mask
    s01: Mask
    s00: Mask

    def counts(self) -> dict[str, int]:
        """How many samples are in each set, by its name."""
        return {name: int(mask.sum()) for name, mask in zip(SETS, self.masks(), strict=True)}

    def by_name(self) -> dict[str, Mask]:
        """The masks, by the sets' names."""
        return dict(zip(SETS, self.masks(), strict=True))

    def masks(self) -> tuple[Mask, Mask, Mask, Mask]:
        return self.s11, self.s10, self.s01, self.s00


@dataclass(frozen=True)
class ModelSummary:
    """A model's accuracies through the last stage that every model has finished; fractions in [0,1]."""

    model: ModelOutcomes
    clean_accuracy: Estimate | None
    robust_accuracy: Estimate | None
    clean_wrong: int
    attacked: int
    """Samples that were right on the clean image and broken."""
    stages: tuple[StageSummary, ...]
    gap: Gap | None


@dataclass(frozen=True)
class Comparison:
    """The dense model against one other, on robust correctness and, as a second view, on clean correctness."""

    other: ModelOutcomes
    sets: FlipSets
    clean_sets: FlipSets
    nfr: Estimate
    pfr: Estimate
    auc_s10_s11: Auc
    auc_s01_s00: Auc
    adversarial_auc_s10_s11: Auc
    """The same of the dense margin at the worst adversarial image found."""
    flip_rate: tuple[FlipRate, ...]
    mcnemar_p: float
    gap: Gap | None


@dataclass(frozen=True)
class Analysis:
    """Everything a view says about a run."""

    run: Run
    through: int
    """Stages that every model has finished; what robust means here is: standing after these."""
    models: tuple[ModelSummary, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def complete(self) -> bool:
        return self.run.complete

    @property
    def begun(self) -> bool:
        """Whether anything is computed: at first that is a clean prediction."""
        return any(bool(clean_known(model).any()) for model in self.run.models)

    @property
    def stage_names(self) -> tuple[str, ...]:
        return tuple(stage.name for stage in self.run.models[0].stages)


def analyse(run: Run) -> Analysis:
    """Derive everything from what is stored. Models are compared only through stages all have finished."""
    finished = [sum(stage.finished for stage in model.stages) for model in run.models]
    through = min(finished)
    clean_done = all(bool(clean_known(model).all()) for model in run.models)
    models = tuple(_summarise(run, model, through) for model in run.models)
    comparisons = tuple(compare(run, other, through) for other in run.models[1:]) if clean_done and through else ()
    return Analysis(run, through, models, comparisons)


def clean_known(model: ModelOutcomes) -> Mask:
    """Bool [n]: the clean prediction is computed."""
    known: Mask = model.clean_prediction >= 0
    return known


def clean_correct(run: Run, model: ModelOutcomes) -> Mask:
    """Bool [n]: classified correctly on the clean image (False where not computed yet)."""
    correct: Mask = model.clean_prediction == run.labels
    return correct


def robust(run: Run, model: ModelOutcomes, through: int) -> Mask:
    """Bool [n]: correct on the clean image and standing after the first `through` stages."""
    unbroken = (model.broken_by < 0) | (model.broken_by >= through)
    standing: Mask = clean_correct(run, model) & unbroken
    return standing


def flip_sets(first: Mask, second: Mask) -> FlipSets:
    """The four sets of two correctness masks [n]: they partition the samples."""
    return FlipSets(first & second, first & ~second, ~first & second, ~first & ~second)


def compare(run: Run, other: ModelOutcomes, through: int) -> Comparison:
    """The dense model against `other`, robust through the first `through` stages."""
    dense = run.models[0]
    sets = flip_sets(robust(run, dense, through), robust(run, other, through))
    margins, worst = dense.clean_margin, dense.worst_margin
    held = sets.s11 | sets.s10
    n, lost, gained = len(run.labels), int(sets.s10.sum()), int(sets.s01.sum())
    return Comparison(
        other=other,
        sets=sets,
        clean_sets=flip_sets(clean_correct(run, dense), clean_correct(run, other)),
        nfr=proportion(lost, n),
        pfr=proportion(gained, n),
        auc_s10_s11=auc(margins[sets.s10], margins[sets.s11]),
        # Where dense is not robust, nearer to its boundary is the *higher* margin: expected below ½.
        auc_s01_s00=auc(margins[sets.s01], margins[sets.s00]),
        adversarial_auc_s10_s11=auc(worst[sets.s10], worst[sets.s11]),
        flip_rate=flip_rates(margins[held], sets.s10[held]),
        mcnemar_p=mcnemar(lost, gained),
        gap=_gap(run, other, through),
    )


def _summarise(run: Run, model: ModelOutcomes, through: int) -> ModelSummary:
    n = len(run.labels)
    correct = clean_correct(run, model)
    standing = robust(run, model, through)
    known = bool(clean_known(model).all())
    stages = tuple(
        StageSummary(
            name=stage.name,
            entered=stage.entered,
            broken=int((model.broken_by == stage.ordinal).sum()),
            robust_accuracy_after=(
                proportion(int(robust(run, model, stage.ordinal + 1).sum()), n) if stage.finished else None
            ),
            finished=stage.finished,
            forwards=stage.forwards,
            backwards=stage.backwards,
            seconds=stage.seconds,
        )
        for stage in model.stages
    )
    return ModelSummary(
        model=model,
        clean_accuracy=proportion(int(correct.sum()), n) if known else None,
        robust_accuracy=proportion(int(standing.sum()), n) if through else None,
        clean_wrong=int((clean_known(model) & ~correct).sum()),
        attacked=int((correct & ~standing).sum()),
        stages=stages,
        gap=_gap(run, model, through),
    )


def _gap(run: Run, model: ModelOutcomes, through: int) -> Gap | None:
    """Overestimation: the run's own PGD-k alone against everything; None unless both were run."""
    if through < 2 or not len(run.labels) or not re.fullmatch(r"PGD-\d+", model.stages[0].name):
        return None
    weak = float(robust(run, model, 1).mean())
    ensemble = float(robust(run, model, through).mean())
    return Gap(model.stages[0].name, weak, ensemble, weak - ensemble)
