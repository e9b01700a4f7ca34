"""Folds masks into weights, so that the weights that are loaded are the effective ones.

Each pruning method is recognised by the names that it gives its tensors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from thinice_tui.errors import CheckpointError
from thinice_tui.models.masks.mask_file import MaskFile, fold_mask_file
from thinice_tui.models.masks.products import fold_binary_masks, fold_parametrized, fold_softplus, fold_torch_prune
from thinice_tui.models.masks.scores import fold_scores
from thinice_tui.models.masks.twinrep import fold_twinrep

State = dict[str, Tensor]
FOLDS = (fold_torch_prune, fold_parametrized, fold_softplus, fold_twinrep, fold_binary_masks)
"""One function for each way of storing masks, in the order in which they are tried.

Each takes a state, and returns it with its masks folded in and what was done in words; empty: it found no masks.
"""
MASK_SUFFIXES = ("_mask", ".mask", "_scores", ".scores", "_orig")
"""Ends of the names of masks, whatever method made them."""


@dataclass(frozen=True)
class FoldedMasks:
    """state: effective weights; notes: what was folded, in words; keep: the fraction that scores keep, if any."""

    state: State
    notes: tuple[str, ...] = ()
    keep: float | None = None


def fold_masks(state: Mapping[str, Tensor], keep: float | None, masks: MaskFile | None, path: str) -> FoldedMasks:
    """Fold all masks into the weights.

    keep: the fraction of the weights that scores keep. masks: those of a mask file. Raises CheckpointError where there
    are scores and `keep` is None, and where a mask does not fit its weight.
    """
    folded: State = dict(state)
    notes: list[str] = []
    try:
        for fold in FOLDS:
            folded, note = fold(folded)
            notes += [note] if note else []
        folded, note, used = fold_scores(folded, keep, path)
        notes += [note] if note else []
        if masks is not None:
            folded, note = fold_mask_file(folded, masks)
            notes.append(note)
    except (RuntimeError, ValueError, IndexError) as error:
        raise CheckpointError(
            f"{path}: its masks do not fit its weights: {error}",
            "the file is damaged, or its pruning method is not known here",
        ) from error
    return FoldedMasks(folded, tuple(notes), used)


def mask_names(names: Sequence[str]) -> list[str]:
    """The names that look like masks: where they are still there after folding, their method is not known."""
    return [name for name in names if name.endswith(MASK_SUFFIXES)]
