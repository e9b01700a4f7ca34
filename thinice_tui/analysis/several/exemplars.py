"""Pruning-identified exemplars: samples on which most pruned models say something else than most dense ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.correctness import Mask

FEWEST_SEEDS = 3


@dataclass(frozen=True)
class Exemplars:
    """Bool [n] each, of one population of pruned models against that of dense models (Hooker et al. 2019, arXiv
    1911.05248).

    clean: their modal predictions without attack differ; clean_ties: one of these is no single class, so the sample is
    neither. Under attack it is whether most models hold the sample, since the class that an attack ends in is
    arbitrary: lost, most dense ones do and most pruned ones do not; gained, the other way round; ties: half of them do.
    """

    clean: Mask
    clean_ties: Mask
    lost: Mask
    gained: Mask
    ties: Mask


def exemplars(
    dense: Sequence[NDArray[np.integer]],
    pruned: Sequence[NDArray[np.integer]],
    dense_holds: Sequence[Mask],
    pruned_holds: Sequence[Mask],
) -> Exemplars | None:
    """From each seed: clean predictions, integers [n], and which samples are held, bool [n]; None below three seeds."""
    if len(dense) < FEWEST_SEEDS:
        return None
    (one, one_tied), (other, other_tied) = modal(np.array(dense)), modal(np.array(pruned))
    clean_ties = one_tied | other_tied
    held, kept = (2 * np.sum(holds, axis=0) - len(dense) for holds in (dense_holds, pruned_holds))
    return Exemplars(
        clean=(one != other) & ~clean_ties,
        clean_ties=clean_ties,
        lost=(held > 0) & (kept < 0),
        gained=(held < 0) & (kept > 0),
        ties=(held == 0) | (kept == 0),
    )


def modal(predictions: NDArray[np.integer]) -> tuple[NDArray[np.integer], Mask]:
    """The most frequent of predictions [s,n] for each sample, [n], and whether another is as frequent, bool [n]."""
    votes = np.array([(predictions == one).sum(axis=0) for one in predictions])
    most = votes.max(axis=0)
    chosen = predictions[votes.argmax(axis=0), np.arange(predictions.shape[1])]
    tied = ((votes == most) & (predictions != chosen)).any(axis=0)
    return chosen, tied
