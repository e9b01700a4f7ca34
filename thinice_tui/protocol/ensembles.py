"""The ensembles: which attacks run, in which order and with which parameters. Rows without torch."""

import re
from dataclasses import asdict, dataclass, replace
from typing import Literal

from thinice_tui.errors import UsageError
from thinice_tui.protocol.attacks import ATTACKS, Attack, large_eps_parts
from thinice_tui.protocol.distance import DistanceMeasurement
from thinice_tui.protocol.threat_model import Norm

REVISION = 5
"""Revision of the attacks' code. Raise it with every change that gives a stage other outcomes for the same models,
samples and settings: a run begun by one revision is not continued by another."""
MAX_TARGETS = 9
Scope = Literal["all", "audit", "escalation"]
"""Which samples a stage attacks: all that stand; those of the audit; or all others, if the audit broke one."""
AUDIT = " (audit)"
"""The end of the name of a stage that attacks the audit's samples."""


@dataclass(frozen=True)
class Stage:
    """One attack of an ensemble, with every argument that decides its strength."""

    name: str
    kind: str
    """Key of ATTACKS."""
    steps: int
    """Gradient steps, or queries for an attack without gradients."""
    restarts: int = 1
    targets: int = 0
    """Target classes for each sample, most likely first; 0: untargeted."""
    note: str = ""
    """Why this is not the attack that the ensemble names; empty where it is."""
    scope: Scope = "all"
    large_eps: bool = False
    """Whether a run begins in larger balls (LARGE_EPS of protocol/attacks.py)."""

    @property
    def noise_name(self) -> str:
        """The name that its random numbers depend on: an audit attacks a sample as the escalation would."""
        return self.name.removesuffix(AUDIT)

    @property
    def attack(self) -> Attack:
        return ATTACKS[self.kind]

    @property
    def runs(self) -> int:
        """How many times each sample is attacked: restarts, each against every target class."""
        return self.restarts * max(self.targets, 1)

    def passes(self, classes: int) -> tuple[int, int]:
        """Forward and backward passes for one sample that no part of the stage breaks."""
        parts = [steps for _, steps in large_eps_parts(self.steps)] if self.large_eps else [self.steps]
        passes = [self.attack.passes(part, classes) for part in parts]
        return sum(forwards for forwards, _ in passes) * self.runs, sum(
            backwards for _, backwards in passes
        ) * self.runs

    def as_dict(self) -> dict[str, object]:
        """For a run's identity; without what earlier versions did not know, where it changes nothing."""
        defaults = ("scope", "all"), ("large_eps", False)
        return {key: value for key, value in asdict(self).items() if (key, value) not in defaults}


Phase = Stage | DistanceMeasurement
"""What a run computes batch by batch after the clean pass; run files keep each as a stage."""


@dataclass(frozen=True)
class Ensemble:
    """Stages from cheap to expensive. final: whether the last number is robust accuracy by the field's standard."""

    stages: tuple[Stage, ...]
    final: bool = False
    audited: bool = False
    """Whether an audit by further stages tells what it misses."""


def _stage(kind: str, steps: int, restarts: int = 1, targets: int = 0) -> Stage:
    return Stage(ATTACKS[kind].name, kind, steps, restarts, targets)


def _audit(stage: Stage) -> Stage:
    return replace(stage, name=stage.name + AUDIT, scope="audit")


def _escalation(stage: Stage) -> Stage:
    return replace(stage, scope="escalation")


def _pgd(steps: int) -> Stage:
    return replace(_stage("pgd", steps), name=f"PGD-{steps}")


_FAB_T, _SQUARE = _stage("fab-t", 100, targets=MAX_TARGETS), _stage("square", 5000)
ENSEMBLES = {
    # An upper bound, for a first look.
    "quick": Ensemble((_pgd(20), _stage("apgd-ce", 20), _stage("apgd-t", 20, targets=3))),
    # PGD-20, then searches on margins (attacks/margin_ascent.py); an audit tells what they miss.
    "fast": Ensemble(
        (
            _pgd(20),
            _stage("pma", 100),
            _stage("margin-t", 30, targets=MAX_TARGETS),
            _audit(_FAB_T),
            _audit(_SQUARE),
            _escalation(_FAB_T),
            _escalation(_SQUARE),
        ),
        audited=True,
    ),
    # PGD-20, then AutoAttack standard (Croce and Hein 2020, arXiv 2003.01690).
    "standard": Ensemble(
        (
            _pgd(20),
            _stage("apgd-ce", 100),
            _stage("apgd-t", 100, targets=MAX_TARGETS),
            _FAB_T,
            _SQUARE,
        ),
        final=True,
    ),
    # PGD-20, then the protocol of Piras et al. 2023 (arXiv 2310.08073): AutoAttack plus.
    "plus": Ensemble(
        (
            _pgd(20),
            _stage("apgd-ce", 100, restarts=5),
            _stage("apgd-dlr", 100, restarts=5),
            _stage("apgd-t", 100, targets=MAX_TARGETS),
            _FAB_T,
            _SQUARE,
            _stage("fab", 100, restarts=5),
        ),
        final=True,
    ),
}
DEFAULT = "standard"
"""The ensemble where none is named."""
UNDER_L1 = {("standard", "apgd-ce"): (5, 0), ("standard", "apgd-t"): (1, 5)}
"""By ensemble and attack, other restarts and targets under L1: AutoAttack standard as its authors set it there (Croce
and Hein 2021, arXiv 2103.01208)."""
PGD_ALONE = re.compile(r"pgd-([1-9]\d{0,5})")
"""An ensemble of one stage: PGD with that many steps, the attack that papers claim with."""
PGD_EXPECTED = "pgd-K with K from 1 to 999999 (as pgd-50)"
"""Its name in messages."""


def ensemble_of(name: str) -> Ensemble:
    """The ensemble of that name, in any case of letters; raises UsageError for an unknown one."""
    if match := PGD_ALONE.fullmatch(name.lower()):
        return Ensemble((_pgd(int(match[1])),))
    if name.lower() not in ENSEMBLES:
        raise UsageError(f"--attack is {name!r}, expected {', '.join(ENSEMBLES)} or {PGD_EXPECTED}")
    return ENSEMBLES[name.lower()]


def build_ensemble(name: str, classes: int, escalate: bool = True, norm: Norm = "Linf") -> tuple[Stage, ...]:
    """The stages of the ensemble `name` for a model of `classes` classes under a norm; raises UsageError.

    escalate: whether the samples that an audit leaves out are attacked, too, where the audit breaks one.

    A targeted attack has at most classes − 1 targets. An attack that needs more classes is replaced by its fallback,
    and the stage's note says so.
    """
    stages = [under_norm(stage, norm, name) for stage in ensemble_of(name).stages]
    return tuple(for_classes(stage, classes) for stage in stages if escalate or stage.scope != "escalation")


def under_norm(stage: Stage, norm: Norm, ensemble: str = "") -> Stage:
    """The stage as it is under the norm, in the ensemble of that name: under L1 APGD begins in larger balls."""
    if norm != "L1":
        return stage
    restarts, targets = UNDER_L1.get((ensemble.lower(), stage.kind), (stage.restarts, stage.targets))
    return replace(stage, restarts=restarts, targets=targets, large_eps=stage.attack.large_eps)


def for_classes(stage: Stage, classes: int) -> Stage:
    """The stage against a model of `classes` classes: with fewer targets, or its fallback with a note.

    Raises UsageError for a model of fewer than 2 classes.
    """
    if classes < 2:
        raise UsageError(f"the model has {classes} class, expected at least 2: nothing can be misclassified")
    attack = stage.attack
    if classes >= attack.classes or attack.fallback is None:
        return replace(stage, targets=min(stage.targets, classes - 1))
    note = f"{stage.name}'s DLR loss needs {attack.classes} classes, the model has {classes}: the logit margin instead"
    return replace(stage, kind=attack.fallback, targets=0, note=note)


def is_audited(attack: str) -> bool:
    """Whether an audit tells what the ensemble of that name misses."""
    ensemble = ENSEMBLES.get(attack.lower())
    return ensemble is not None and ensemble.audited


def is_final(attack: str) -> bool:
    """Whether an ensemble's last number is robust accuracy by the field's standard, not an upper bound."""
    ensemble = ENSEMBLES.get(attack.lower())
    return ensemble is not None and ensemble.final
