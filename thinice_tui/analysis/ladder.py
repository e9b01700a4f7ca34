"""Which samples fall at which sparsity: the pruned models of a run in the order of what was pruned of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.comparison import Analysis, Comparison
from thinice_tui.analysis.correctness import Mask
from thinice_tui.analysis.sparsity import removed
from thinice_tui.runfile.records import ModelRecord

Item = TypeVar("Item")


@dataclass(frozen=True)
class Rung:
    """One pruned model among those of the run.

    pruned_away: the fraction of weights that the model no longer uses. Of the samples that dense holds: fallen, those
    that this rung is the first to lose; regained, those that an earlier rung lost and this one holds; gone, those that
    this rung and all later ones lose.
    """

    comparison: Comparison
    pruned_away: float
    fallen: int
    regained: int
    gone: int


@dataclass(frozen=True)
class Ladder:
    """The pruned models by rising sparsity.

    falls_at: int16 [n], the first rung that loses a sample which dense holds, −1 where none does or dense does not hold
    it; regained: bool [n], a later rung holds it again.
    """

    rungs: tuple[Rung, ...]
    falls_at: NDArray[np.int16]
    regained: Mask


def ladder_of(analysis: Analysis) -> Ladder | None:
    """The ladder of a run; None where fewer than two pruned models are compared."""
    dense = analysis.run.models[0].record
    pruned = [one for one in analysis.comparisons if one.other.record.role == "pruned"]
    if len(pruned) < 2:
        return None
    pruned = by_sparsity(pruned, [one.other.record for one in pruned], dense)
    held = pruned[0].sets.s10 | pruned[0].sets.s11
    lost = np.array([one.sets.s10 for one in pruned])
    lost_before = np.logical_or.accumulate(lost, axis=0)
    lost_from_here = np.logical_and.accumulate(lost[::-1], axis=0)[::-1]
    falls_at = first_loss(lost)
    back = held & lost_before & ~lost  # [rungs,n]: held here, lost before
    rungs = tuple(
        Rung(
            comparison=one,
            pruned_away=pruned_away(one.other.record, dense),
            fallen=int((falls_at == number).sum()),
            regained=int(back[number].sum()),
            gone=int(lost_from_here[number].sum()),
        )
        for number, one in enumerate(pruned)
    )
    return Ladder(rungs, falls_at, back.any(axis=0))


def by_sparsity(items: Sequence[Item], records: Sequence[ModelRecord], dense: ModelRecord) -> list[Item]:
    """`items`, one a pruned model, by rising sparsity of their `records`; in their order where that is equal."""
    away = [pruned_away(record, dense) for record in records]
    return [items[number] for number in sorted(range(len(items)), key=away.__getitem__)]


def first_loss(lost: NDArray[np.bool_]) -> NDArray[np.int16]:
    """The first rung that loses each sample, −1 where none does: int16 [n] from bool [rungs,n], at least one rung."""
    return np.where(lost.any(axis=0), lost.argmax(axis=0), -1).astype(np.int16)


def pruned_away(record: ModelRecord, dense: ModelRecord) -> float:
    """The fraction of dense's weights that a model no longer uses: zeros among what was left after removal."""
    return 1 - (1 - record.sparsity_conv_linear) * (1 - removed(record, dense))
