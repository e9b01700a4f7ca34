"""Weights for the next pruning round: one importance a sample, by how thin the ice under it is. Pure functions.

Each formula gives a thinness t in [0,1] for each sample, 1 on the thinnest ice. The weight is 1 + s·(2t − 1), divided
by the mean of all, for a strength s in [−1,1]: s > 0 raises samples on thin ice, s < 0 lowers them. Logit margins m
are signed; thin ice is on both sides of the boundary, so |m| counts. No formula depends on the scale of the logits.
"""

import math
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.analysis.flip_sets import flip_sets
from thinice_tui.analysis.measured_margins import WEIGHT_MARGINS, WeightMargin
from thinice_tui.errors import DataError, UsageError
from thinice_tui.runfile.records import Floats, Run

Array = NDArray[np.float64]
Formula = Literal["rank", "threshold", "flips"]
FORMULAS: tuple[Formula, ...] = ("rank", "threshold", "flips")


@dataclass(frozen=True)
class WeightOptions:
    """How weights are made."""

    formula: Formula = "rank"
    margin: WeightMargin = "clean"
    """The margin that `rank` and `threshold` use."""
    strength: float = 0.5
    share: float = 0.2
    """Of `threshold`: the share of samples whose |m| lies below the threshold."""
    softness: float = 0.25
    """Of `threshold`: the width of the step, in medians of |m|; 0: a hard step."""

    @classmethod
    def build(cls, formula: str, margin: str, strength: float, share: float, softness: float) -> "WeightOptions":
        """The options as typed; raises UsageError that names the option and what it takes."""
        if formula not in FORMULAS:
            raise UsageError(f"--formula is {formula!r}, expected {', '.join(FORMULAS[:-1])} or {FORMULAS[-1]}")
        if margin not in WEIGHT_MARGINS:
            raise UsageError(f"--margin is {margin!r}, expected {' or '.join(WEIGHT_MARGINS)}")
        if not -1 <= strength <= 1 or strength == 0:
            raise UsageError(
                f"--strength is {strength:g}, expected a number from -1 to 1, not 0",
                "above 0 raises the weights of samples on thin ice, below 0 lowers them",
            )
        if not 0 < share < 1:
            raise UsageError(f"--share is {share:g}, expected a fraction between 0 and 1")
        if not (softness >= 0 and math.isfinite(softness)):
            raise UsageError(f"--softness is {softness:g}, expected a number from 0")
        return cls(formula, margin, strength, share, softness)


def rank_thinness(margins: Floats) -> Array:
    """1 − (r − ½)/n for margins [n], where r is the rank of |m| from 1 on; samples of equal |m| share their mean rank.

    float64 [n] in (0,1), of mean ½ exactly up to rounding.
    """
    from scipy.stats import rankdata

    ranks = rankdata(np.abs(margins.astype(np.float64)), method="average")
    thinness: Array = 1 - (ranks - 0.5) / len(margins)
    return thinness


def threshold_thinness(margins: Floats, share: float, softness: float) -> Array:
    """σ((τ − |m|) / T) for margins [n]: σ the logistic function, τ the quantile of |m| at `share`, T the width.

    T is `softness` times the median of |m|. Where T is 0: 1 for |m| ≤ τ, else 0. float64 [n] in [0,1].
    """
    from scipy.special import expit

    sizes = np.abs(margins.astype(np.float64))
    threshold, width = float(np.quantile(sizes, share)), softness * float(np.median(sizes))
    thinness: Array = expit((threshold - sizes) / width) if width > 0 else (sizes <= threshold).astype(np.float64)
    return thinness


def flip_thinness(run: Run) -> Array:
    """The share of the run's pruned models that flip each sample, lost or gained under attack; float64 [n] in [0,1].

    The control is no pruned model. Raises UsageError for a run without pruned models, and where no sample flips.
    """
    pruned = [model for model in run.models[1:] if model.record.role == "pruned"]
    if not pruned:
        raise UsageError(f"{run.path}: has no pruned model, so nothing flips", "take --formula rank or threshold")
    stages = len(run.models[0].stages)
    dense = robust_correct(run, run.models[0], stages)
    sets = [flip_sets(dense, robust_correct(run, model, stages)) for model in pruned]
    thinness = np.mean([found.s10 | found.s01 for found in sets], axis=0)
    if not thinness.any():
        raise UsageError(f"{run.path}: no pruned model flips any sample", "take --formula rank or threshold")
    return cast(Array, thinness)


def weights_of(thinness: Array, strength: float) -> Floats:
    """(1 + s·(2t − 1)) / mean, float32 [n], none below 0; of mean 1 up to rounding.

    Raises DataError where all of them would be 0.
    """
    raw = 1 + strength * (2 * thinness - 1)
    mean = float(raw.mean())
    if not mean > 0:
        raise DataError("every weight would be 0", "take a --strength between -1 and 1")
    weights: Floats = (raw / mean).astype(np.float32)
    return weights
