"""The dense model against another: flip sets, flip rates, AUCs of the dense margin, overestimation. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

from thinice_tui.analysis.auc import Auc, auc
from thinice_tui.analysis.audit import is_escalated
from thinice_tui.analysis.correctness import clean_correct, clean_known, robust_correct
from thinice_tui.analysis.flip_sets import FlipSets, flip_sets
from thinice_tui.analysis.proportions import Estimate, FlipRate, flip_rates, mcnemar, proportion
from thinice_tui.protocol.attacks import attack_of
from thinice_tui.protocol.claims import Claim, claims_of
from thinice_tui.protocol.ensembles import is_final
from thinice_tui.runfile.records import ModelOutcomes, Run


@dataclass(frozen=True)
class StageSummary:
    """One stage against one model. robust_accuracy_after: a fraction, None until the stage is finished."""

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
    """How far the weak attack alone overestimates robust accuracy.

    weak: robust accuracy under the run's own PGD-K; ensemble: under every stage; gap: the difference; all fractions.
    """

    weak_attack: str
    weak: float
    ensemble: float
    gap: float


@dataclass(frozen=True, repr=False)
class ModelSummary:
    """One model's accuracies, through the last stage that every model has finished."""

    model: ModelOutcomes
    clean_accuracy: Estimate | None
    robust_accuracy: Estimate | None
    clean_wrong: int
    attacked: int
    """Samples that are right on the clean image and broken by a stage."""
    stages: tuple[StageSummary, ...]
    gap: Gap | None

    def __repr__(self) -> str:
        known = {"clean accuracy": self.clean_accuracy, "robust accuracy": self.robust_accuracy}
        said = (f"{name} {'–' if one is None else one.in_words()}" for name, one in known.items())
        return f"<{type(self).__name__} {self.model.record.name}: {', '.join(said)}>"


@dataclass(frozen=True, repr=False)
class Comparison:
    """The dense model against one other. sets, nfr, pfr: by robust correctness; clean_sets: by clean correctness."""

    other: ModelOutcomes
    sets: FlipSets
    clean_sets: FlipSets
    nfr: Estimate
    pfr: Estimate
    auc_s10_s11: Auc
    auc_s01_s00: Auc
    adversarial_auc_s10_s11: Auc
    """AUC of the dense margin at the worst adversarial image found."""
    flip_rate: tuple[FlipRate, ...]
    mcnemar_p: float
    gap: Gap | None

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {count}" for name, count in self.sets.counts().items())
        return (
            f"<{type(self).__name__} dense → {self.other.record.name}: {counts}; NFR {self.nfr.in_words()}, "
            f"PFR {self.pfr.in_words()}, AUC {self.auc_s10_s11.shown}: {self.auc_s10_s11.verdict}>"
        )


@dataclass(frozen=True, repr=False)
class Analysis:
    """Everything that reports and views say about a run as a whole."""

    run: Run
    through: int
    """How many stages every model has finished; a robust sample is one that none of these broke."""
    models: tuple[ModelSummary, ...]
    comparisons: tuple[Comparison, ...]
    claims: tuple[Claim, ...] = ()
    """Robust accuracies that others claim of these models."""
    repeats: tuple[Run, ...] = ()
    """Runs of the same models and data under other seeds of the attacks, where such are at hand."""

    def __repr__(self) -> str:
        stages = f"{self.through} of {len(self.stage_names)} stages finished by every model"
        return f"<{type(self).__name__} of {self.run!r}, {stages}>"

    @property
    def complete(self) -> bool:
        return self.run.complete

    @property
    def final(self) -> bool:
        """Whether robust accuracies are results by the field's standard, and no upper bounds."""
        return self.complete and (is_final(self.run.info.settings.attack) or is_escalated(self.run) is True)

    @property
    def begun(self) -> bool:
        """Whether anything is computed yet; the clean predictions come first."""
        return any(bool(clean_known(model).any()) for model in self.run.models)

    @property
    def stage_names(self) -> tuple[str, ...]:
        return tuple(stage.name for stage in self.run.models[0].stages)


def analyse(run: Run, claims: Sequence[Claim] = (), repeats: Sequence[Run] = ()) -> Analysis:
    """The analysis of `run`. Models are compared through the stages that all of them have finished.

    claims: of models of the run; repeats: of the same models under other seeds of the attacks. Raises UsageError for a
    claim of a model that the run lacks.
    """
    claims = claims_of(claims, {model.record.name: model.record.role for model in run.models})
    finished = [sum(stage.finished for stage in model.stages) for model in run.models]
    through = min(finished)
    clean_done = all(bool(clean_known(model).all()) for model in run.models)
    models = tuple(_summarise(run, model, through) for model in run.models)
    comparisons = tuple(compare(run, other, through) for other in run.models[1:]) if clean_done and through else ()
    return Analysis(run, through, models, comparisons, claims, tuple(repeats))


def compare(run: Run, other: ModelOutcomes, through: int) -> Comparison:
    """The dense model against `other`, under the first `through` stages."""
    dense = run.models[0]
    sets = flip_sets(robust_correct(run, dense, through), robust_correct(run, other, through))
    margins, worst = dense.clean_margin, dense.worst_margin
    dense_robust = sets.s11 | sets.s10
    n, lost, gained = len(run.labels), int(sets.s10.sum()), int(sets.s01.sum())
    return Comparison(
        other=other,
        sets=sets,
        clean_sets=flip_sets(clean_correct(run, dense), clean_correct(run, other)),
        nfr=proportion(lost, n),
        pfr=proportion(gained, n),
        auc_s10_s11=auc(margins[sets.s10], margins[sets.s11]),
        # Where dense is not robust, the sample nearer to its boundary has the *higher* margin: expected below ½.
        auc_s01_s00=auc(margins[sets.s01], margins[sets.s00]),
        adversarial_auc_s10_s11=auc(worst[sets.s10], worst[sets.s11]),
        flip_rate=flip_rates(margins[dense_robust], sets.s10[dense_robust]),
        mcnemar_p=mcnemar(lost, gained),
        gap=_gap(run, other, through),
    )


def _summarise(run: Run, model: ModelOutcomes, through: int) -> ModelSummary:
    n = len(run.labels)
    correct = clean_correct(run, model)
    robust = robust_correct(run, model, through)
    known = bool(clean_known(model).all())
    stages = tuple(
        StageSummary(
            name=stage.name,
            entered=stage.entered,
            broken=int((model.broken_by == stage.ordinal).sum()),
            robust_accuracy_after=(
                proportion(int(robust_correct(run, model, stage.ordinal + 1).sum()), n) if stage.finished else None
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
        robust_accuracy=proportion(int(robust.sum()), n) if through else None,
        clean_wrong=int((clean_known(model) & ~correct).sum()),
        attacked=int((correct & ~robust).sum()),
        stages=stages,
        gap=_gap(run, model, through),
    )


def _gap(run: Run, model: ModelOutcomes, through: int) -> Gap | None:
    """The first stage, where it is PGD-K, against all `through` stages; None unless both have finished."""
    attack = attack_of(model.stages[0].parameters) if through >= 2 else None
    if attack is None or not attack.weak or not len(run.labels):
        return None
    weak = float(robust_correct(run, model, 1).mean())
    ensemble = float(robust_correct(run, model, through).mean())
    return Gap(model.stages[0].name, weak, ensemble, weak - ensemble)
