"""Folds masks into weights, so that the weights that are loaded are the effective ones.

Each pruning method is recognised by the names that it gives its tensors.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from torch import Tensor, nn

from thinice_tui.errors import CheckpointError, reason
from thinice_tui.models.masks.beside import (
    MasksBeside,
    check_one_set,
    fold_beside,
    fold_into_network,
    masks_beside,
)
from thinice_tui.models.masks.mask_file import MaskFile, fold_mask_file
from thinice_tui.models.masks.pairs import State, pairs_by_name
from thinice_tui.models.masks.parametrized import fold_parametrized, fold_weight_norms, weights_of_parts
from thinice_tui.models.masks.products import fold_binary_masks, fold_softplus, fold_torch_prune
from thinice_tui.models.masks.refused import check_about, check_halves, check_wrappers
from thinice_tui.models.masks.scores import fold_scores
from thinice_tui.models.masks.twinrep import fold_twinrep

FOLDS = (fold_torch_prune, fold_weight_norms, fold_softplus, fold_twinrep, fold_binary_masks)
"""One function for each way of storing masks, in the order in which they are tried.

Each takes a state, and returns it with its masks folded in and what was done in words; empty: it found no masks.
"""
MASK_SUFFIXES = ("_mask", ".mask", "_scores", ".scores", "_orig")
"""Ends of the names of masks, whatever method made them."""


@dataclass(frozen=True)
class FoldedMasks:
    """The weights of a file after folding."""

    state: State
    """Effective weights; as stored, where they cannot be folded."""
    notes: tuple[str, ...] = ()
    """What was folded, in words."""
    keep: float | None = None
    """The fraction that scores keep; None: there are no scores to rank."""
    refusal: CheckpointError | None = None
    """Why the masks in the state dict cannot be folded, for any network but one that has the stored names itself."""
    stored: State | None = None
    """The state as stored, for a network that has these names itself; None: folding changed no name."""


def fold_masks(
    state: Mapping[str, Tensor], about: Mapping[str, object], keep: float | None, masks: MaskFile | None, path: str
) -> FoldedMasks:
    """Fold all masks into the weights.

    about: what the file holds beside its weights, which may be masks. keep: the fraction of the weights that scores
    keep. masks: those of a mask file. Raises CheckpointError where masks that are not in the state dict do not fit its
    weights.
    """
    with _named(path):
        beside = masks_beside(about)
    with _named(path):
        check_about(about)
    try:
        with _named(path):
            folded, notes, used = _fold_stored(state, keep, beside)
    except CheckpointError as error:
        if masks is not None or beside:
            raise
        return FoldedMasks(dict(state), refusal=error, stored=dict(state))
    # other masks are not folded into the stored weights: a network that has the stored names itself would lack them
    as_stored = dict(state) if not beside and masks is None and folded.keys() != state.keys() else None
    with _named(path):
        check_one_set(folded, beside)
    for own in beside:
        with _named(path, own.where):
            folded, note = fold_beside(folded, own)
            notes += [note] if note else []
    if masks is not None:
        with _named(path):
            folded, note = fold_mask_file(folded, masks)
            notes.append(note)
    return FoldedMasks(folded, tuple(notes), used, stored=as_stored)


def fold_masks_into_network(network: nn.Module, about: Mapping[str, object], path: str) -> tuple[str, ...]:
    """Fold the masks beside a whole network into its weights, in place; returns what was done, in words.

    about: what the file holds beside the network. Raises CheckpointError where a mask does not fit its weight.
    """
    notes = []
    with _named(path):
        beside = masks_beside(about)
        check_one_set(dict(network.state_dict()), beside)
    for own in beside:
        with _named(path, own.where):
            notes.append(fold_into_network(network, own))
    return tuple(note for note in notes if note)


def _fold_stored(
    state: Mapping[str, Tensor], keep: float | None, beside: Sequence[MasksBeside]
) -> tuple[State, list[str], float | None]:
    """Fold the masks in the state dict; returns the state, what was done in words, and the fraction of scores."""
    check_wrappers(state)
    folded, notes = dict(state), []
    for fold in FOLDS:
        folded, note = fold(folded)
        notes.append(note)
    folded, note = fold_parametrized(folded, _masked_elsewhere(folded, beside))
    notes.append(note)
    folded, note, used = fold_scores(folded, keep)
    notes.append(note)
    check_halves(folded)
    return folded, [note for note in notes if note], used


def _masked_elsewhere(state: State, beside: Sequence[MasksBeside]) -> set[str]:
    """The parametrised weights of `state` whose masks are beside the state dict."""
    names, found = [*state, *weights_of_parts(state)], set()
    for masks in beside:
        with suppress(ValueError):  # said where they are folded
            found |= {name for name, _ in pairs_by_name(names, masks.named)}
    return found


@contextmanager
def _named(path: str, where: str = "") -> Iterator[None]:
    """Errors of folding as CheckpointError that names the file; where: the keys of masks beside the weights in it."""
    try:
        yield
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error.what}", error.do) from error
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        said = str(error) if type(error) is ValueError else reason(error)
        raise CheckpointError(
            f"{path}: {f'the masks in {where}' if where else 'its masks'} do not fit its weights: {said}",
            f"expected zeros and ones by the weights' names; where they are masks, multiply the weights by them and "
            f"save the file without {where}"
            if where
            else "the file is damaged, or its pruning method is not known here",
        ) from error


def mask_names(names: Sequence[str]) -> list[str]:
    """The names that look like masks: where they are still there after folding, their method is not known."""
    return [name for name in names if name.endswith(MASK_SUFFIXES)]
