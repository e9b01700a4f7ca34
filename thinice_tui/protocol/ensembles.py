"""Ensembles by name: which stages attack, in which order. Plain values, no torch."""

import re
from dataclasses import dataclass, replace
from typing import Literal

from thinice_tui.errors import UsageError

Kind = Literal["pgd", "apgd-ce", "apgd-dlr", "apgd-margin", "apgd-t", "fab", "fab-t", "square", "distance"]
NAMES = "quick, standard, plus or pgd-K (as pgd-50)"
WEAK_STEPS = 20
REVISION = 2
"""Of the attacks' code: raised with every change after which some stage would have other outcomes than before, from the
same models, samples and settings. A run that one revision has begun is not continued by another."""
BISECTIONS = 8
"""About how many radii the distance of a sample takes."""


@dataclass(frozen=True)
class Stage:
    """One attack of an ensemble, with every argument that decides its strength."""

    name: str
    kind: Kind
    steps: int
    """Gradient steps, or queries for Square."""
    restarts: int = 1
    targets: int = 0
    """Target classes a sample, most likely first; 0: untargeted."""
    note: str = ""
    """Why it is not the attack that was asked for, where it is not."""

    def passes(self, classes: int) -> tuple[int, int]:
        """Forward and backward passes for one sample that no part of the stage breaks."""
        runs = self.restarts * max(self.targets, 1)
        match self.kind:
            case "pgd":
                return self.steps * runs, self.steps * runs
            case "fab":
                return 2 * self.steps * runs, self.steps * runs * (classes - 1)
            case "fab-t":
                return 2 * self.steps * runs, self.steps * runs
            case "square":
                return self.steps * runs, 0
            case "distance":
                return BISECTIONS * (self.steps + 2), BISECTIONS * (self.steps + 1)
            case _:
                return (self.steps + 2) * runs, (self.steps + 1) * runs


def build_stages(name: str, classes: int, distances: bool) -> tuple[Stage, ...]:
    """The ensemble `name`, and after it, where asked for, the search for minimum-norm distances."""
    stages = build_ensemble(name, classes)
    return (*stages, Stage("Distance", "distance", 30)) if distances else stages


def build_ensemble(name: str, classes: int) -> tuple[Stage, ...]:
    """The stages of the ensemble `name` for a model of `classes` classes, cheap to expensive.

    quick: PGD-20, then APGD-CE and APGD-T of 20 steps, at most 3 targets: an upper bound.
    standard: PGD-20, then AutoAttack standard (Croce and Hein 2020, arXiv 2003.01690).
    plus: PGD-20, then the paper's protocol (Piras et al. 2023, arXiv 2310.08073): AutoAttack plus,
    5 restarts of APGD-CE, APGD-DLR and FAB.
    pgd-K: K steps of PGD, the attack that papers claim with.

    Targets a sample: min(9, classes − 1). The DLR loss needs 3 classes, its targeted form 4: below
    that, APGD maximises the logit margin instead, and the stage's note says so.
    """
    if classes < 2:
        raise UsageError(f"the model has {classes} class, expected at least 2: nothing can be misclassified")
    weak = Stage(f"PGD-{WEAK_STEPS}", "pgd", WEAK_STEPS)
    targets = min(9, classes - 1)
    apgd_ce, apgd_dlr = Stage("APGD-CE", "apgd-ce", 100), Stage("APGD-DLR", "apgd-dlr", 100)
    apgd_t = Stage("APGD-T", "apgd-t", 100, targets=targets)
    fab, fab_t = Stage("FAB", "fab", 100), Stage("FAB-T", "fab-t", 100, targets=targets)
    square = Stage("Square", "square", 5000)
    stages: tuple[Stage, ...]
    if match := re.fullmatch(r"pgd-([1-9]\d{0,5})", name.lower()):
        steps = int(match[1])
        stages = (Stage(f"PGD-{steps}", "pgd", steps),)
    elif name.lower() == "quick":
        stages = (weak, replace(apgd_ce, steps=20), replace(apgd_t, steps=20, targets=min(3, targets)))
    elif name.lower() == "standard":
        stages = (weak, apgd_ce, apgd_t, fab_t, square)
    elif name.lower() == "plus":
        five = (replace(stage, restarts=5) for stage in (apgd_ce, apgd_dlr))
        stages = (weak, *five, apgd_t, fab_t, square, replace(fab, restarts=5))
    else:
        raise UsageError(f"--attack is {name!r}, expected {NAMES}")
    return tuple(_for_few_classes(stage, classes) for stage in stages)


def _for_few_classes(stage: Stage, classes: int) -> Stage:
    needed = {"apgd-dlr": 3, "apgd-t": 4}.get(stage.kind, 0)
    if classes >= needed:
        return stage
    note = f"{stage.name}'s DLR loss needs {needed} classes, the model has {classes}: the logit margin instead"
    return replace(stage, kind="apgd-margin", targets=0, note=note)


def is_final(attack: str) -> bool:
    """Whether an ensemble's last number is robust accuracy by the field's standard, not an upper bound."""
    return attack.lower() in ("standard", "plus")
