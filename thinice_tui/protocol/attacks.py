"""The attacks: what is known of each without torch. Engine, analysis, reports and interface read these rows.

A further attack is a row here and a function in attacks/, which attacks/registry.py names under the same key.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from thinice_tui.protocol.threat_model import NORMS, Norm

Loss = Literal["ce", "dlr", "margin", "targeted", "probability", "gap"]
"""What an attack maximises: cross entropy, DLR, the negative logit margin, targeted DLR, the negative margin of the
probabilities, the target's logit minus the label's (attacks/losses.py)."""
LARGE_EPS = (3, 2, 1)
"""The radii, over eps, of the balls that a run of APGD can search one after the other, with 30, 30 and 40 % of its
steps (Croce and Hein 2021, arXiv 2103.01208)."""
Passes = Callable[[int, int], tuple[int, int]]
"""From steps and classes: the forward and backward passes of one run on one image that it does not break."""


@dataclass(frozen=True)
class Attack:
    """What is known of an attack."""

    name: str
    """In reports, where an ensemble gives its stage no other name."""
    passes: Passes
    gradients: bool = True
    """Whether it needs the model's gradients. Without, it searches by queries, which need exact logits."""
    norms: tuple[Norm, ...] = NORMS
    loss: Loss | None = None
    """The loss whose gradient it follows; None: it follows none."""
    classes: int = 2
    """The number of classes from which it works."""
    fallback: str | None = None
    """The attack that takes its place where the model has fewer classes."""
    large_eps: bool = False
    """Whether a run can begin in larger balls (LARGE_EPS)."""
    weak: bool = False
    """Whether its robust accuracy alone is a claim to be checked, and not part of a strong ensemble."""


def _apgd_passes(steps: int, _: int) -> tuple[int, int]:
    return steps + 2, steps + 1


ATTACKS: dict[str, Attack] = {
    "pgd": Attack("PGD", lambda steps, _: (steps, steps), loss="ce", weak=True),
    "apgd-ce": Attack("APGD-CE", _apgd_passes, loss="ce", large_eps=True),
    "apgd-dlr": Attack("APGD-DLR", _apgd_passes, loss="dlr", large_eps=True, classes=3, fallback="apgd-margin"),
    "apgd-margin": Attack("APGD-margin", _apgd_passes, loss="margin", large_eps=True),
    "apgd-t": Attack("APGD-T", _apgd_passes, loss="targeted", large_eps=True, classes=4, fallback="apgd-margin"),
    "pma": Attack("PMA", lambda steps, _: (steps + 1, steps + 1), loss="probability"),
    "margin-t": Attack("Margin-T", lambda steps, _: (steps + 1, steps + 1), loss="gap"),
    "fab": Attack("FAB", lambda steps, classes: (2 * steps, steps * (classes - 1))),
    "fab-t": Attack("FAB-T", lambda steps, _: (2 * steps, steps)),
    "square": Attack("Square", lambda steps, _: (steps, 0), gradients=False),
}
"""By kind, the name under which run files keep them."""


def large_eps_parts(steps: int) -> tuple[tuple[int, int], ...]:
    """Pairs (radius over eps, steps) of LARGE_EPS for a run of that many steps; under three steps, one pair alone.

    Shares are rounded up, as in the authors' code, but the ball of radius eps has at least a step.
    """
    early = min(math.ceil(0.3 * steps), (steps - 1) // 2)
    last = LARGE_EPS[-1], steps - early * (len(LARGE_EPS) - 1)
    return (*((factor, early) for factor in LARGE_EPS[:-1] if early > 0), last)


def attack_of(parameters: Mapping[str, object]) -> Attack | None:
    """The attack of a stage as the run file keeps it; None for a distance measurement or an unknown kind."""
    return ATTACKS.get(str(parameters.get("kind")))
