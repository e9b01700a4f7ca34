"""What kind of flips there are: without attack, under attack or both; in which class; taken for which class."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.comparison import Analysis, Comparison
from thinice_tui.analysis.correctness import Mask
from thinice_tui.analysis.paired import holm
from thinice_tui.analysis.proportions import Estimate, proportion

Kind = Literal["clean_only", "robust_only", "common"]
KINDS: dict[Kind, str] = {
    "clean_only": "lost without attack, not robust for dense",
    "robust_only": "lost under attack alone",
    "common": "lost without attack and under attack",
}
"""The kinds of lost samples, as in robustness-congruent adversarial training (TPAMI 2025, arXiv 2402.17390)."""


@dataclass(frozen=True)
class ClassFlips:
    """The flips of one class. rate: lost / held, of the samples of the class that dense holds.

    p: two-sided, is the rate that of the other classes? p_holm: corrected for the classes that dense holds samples of.
    NaN where dense holds none.
    """

    label: int
    held: int
    lost: int
    rate: Estimate
    p: float
    p_holm: float


@dataclass(frozen=True)
class Confusion:
    """Lost samples of the class `label` that the pruned model takes for the class `said`."""

    label: int
    said: int
    count: int


@dataclass(frozen=True)
class FlipKinds:
    """The flips of one comparison. confusions: the most frequent first, under the worst attack found; clean_confusions:
    of the samples lost without attack."""

    kinds: Mapping[Kind, Estimate]
    """Shares of all samples."""
    classes: tuple[ClassFlips, ...]
    confusions: tuple[Confusion, ...]
    clean_confusions: tuple[Confusion, ...]

    @property
    def standing_out(self) -> tuple[ClassFlips, ...]:
        """The classes whose rate is not that of the others, after correction."""
        return tuple(one for one in self.classes if one.p_holm < 0.05)


def flip_kinds(analysis: Analysis, comparison: Comparison) -> FlipKinds:
    """Kinds, classes and confusions of the samples that `comparison` loses."""
    run, other = analysis.run, comparison.other
    robust, clean = comparison.sets.s10, comparison.clean_sets.s10
    masks: dict[Kind, Mask] = {"clean_only": clean & ~robust, "robust_only": robust & ~clean, "common": clean & robust}
    return FlipKinds(
        kinds={kind: proportion(int(mask.sum()), len(mask)) for kind, mask in masks.items()},
        classes=class_flips(run.labels, comparison.sets.s10 | comparison.sets.s11, robust, run.info.classes),
        confusions=confusions(run.labels[robust], other.worst_prediction[robust]),
        clean_confusions=confusions(run.labels[clean], other.clean_prediction[clean]),
    )


def class_flips(labels: NDArray[np.int64], held: Mask, lost: Mask, classes: int) -> tuple[ClassFlips, ...]:
    """The flips of each class that has samples; labels [n], held and lost bool [n], lost ones among the held.

    Each class is tested against all others by the exact hypergeometric test of Fisher, two-sided by doubling the
    smaller tail.
    """
    counts, held_of, lost_of = (
        np.bincount(labels[mask], minlength=classes) for mask in (np.ones(len(labels), bool), held, lost)
    )
    p_values = _class_p_values(held_of, lost_of)
    return tuple(
        ClassFlips(
            label=int(label),
            held=int(held_of[label]),
            lost=int(lost_of[label]),
            rate=proportion(int(lost_of[label]), int(held_of[label])),
            p=float(p_values[label]),
            p_holm=corrected,
        )
        for label, corrected in zip(np.flatnonzero(counts), holm(p_values[counts > 0].tolist()), strict=True)
    )


def _class_p_values(held: NDArray[np.int64], lost: NDArray[np.int64]) -> NDArray[np.float64]:
    from scipy.stats import hypergeom

    tested = held > 0
    everything = int(held.sum()), int(lost.sum())
    found = np.full(len(held), math.nan)
    k, n = lost[tested], held[tested]
    tails = np.minimum(hypergeom.cdf(k, *everything, n), hypergeom.sf(k - 1, *everything, n))
    found[tested] = np.minimum(1.0, 2 * tails)
    return found


def confusions(labels: NDArray[np.int64], said: NDArray[np.integer]) -> tuple[Confusion, ...]:
    """How often each true class is taken for each other, the most frequent first; [k] each."""
    if not len(labels):
        return ()
    pairs, counts = np.unique(np.stack([labels, said]), axis=1, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return tuple(Confusion(int(pairs[0, i]), int(pairs[1, i]), int(counts[i])) for i in order)
