"""Masks beside the weights in a file: `mask`, `masks`, `mask_info` (the birds), `masks_dict` (Distiller), a sparsifier.

A sparsifier of torch.ao.pruning has its masks as `state.NAME.mask` in its state dict.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError
from thinice_tui.models.masks.pairs import State, is_binary, multiplied, pairs_by_name, pairs_in_order

DEPTH = 6
"""The most dictionaries inside one another that are searched for masks."""


@dataclass(frozen=True)
class MasksBeside:
    """The masks under one key of a file: by name, or in the network's order."""

    where: str
    """The keys that lead to them, joined by dots."""
    named: Mapping[str, Tensor] = field(default_factory=dict)
    ordered: tuple[Tensor | None, ...] = ()
    """None: the weight at this place has no mask."""
    guessed: bool = False
    """Whether only their zeros and ones say that they are masks: where they fit no weight, they are none."""


def masks_beside(about: Mapping[str, object]) -> tuple[MasksBeside, ...]:
    """The tensors under keys with `mask` in their names, and dictionaries of nothing but zeros and ones.

    about: what a file holds beside its weights. State dicts of a teacher or a moving average have masks of their own,
    which are left out.
    """
    return tuple(masks for masks in _search(about, "", DEPTH) if masks.named or masks.ordered)


def fold_beside(state: State, masks: MasksBeside) -> tuple[State, str]:
    """Weights × their masks, and what was done in words; raises ValueError where a mask does not fit its weight.

    A weight that is stored under two names is masked under both. Guessed masks that fit no weight are left out.
    """
    pairs = _pairs(state, masks)
    folded = dict(state)
    tied: dict[object, list[str]] = {}
    for key, value in state.items():
        tied.setdefault(_place(value), []).append(key)
    for name, mask in pairs:
        weight = state[name]
        product = multiplied(weight, mask, name)  # first: a mask of another shape may claim any size
        if not is_binary(mask):
            raise ValueError(f"the mask of {name} is not of zeros and ones")
        if bool((weight != 0).any()) and _has_ones(mask) and not bool((product != 0).any()):
            raise ValueError(f"the mask of {name} removes all that is not zero: are its ones the removed?")
        for key in tied[_place(weight)] if weight.numel() else [name]:
            folded[key] = product
    return folded, f"{len(pairs)} weights × their masks in {masks.where}" if pairs else ""


def check_one_set(state: State, beside: Sequence[MasksBeside]) -> None:
    """Raise CheckpointError where two sets of masks keep different weights: their product is in no file."""
    kept: dict[str, tuple[str, Tensor]] = {}
    for masks in beside if len(beside) > 1 else ():
        with suppress(ValueError):  # what fits no weight is said where it is folded
            for name, mask in _pairs(state, masks):
                if mask.shape == state[name].shape and mask.layout is torch.strided and _is_held(mask):
                    where, other = kept.setdefault(name, (masks.where, mask))
                    _check_nested(where, other, masks.where, mask, name)


def _check_nested(where: str, mask: Tensor, other_where: str, other: Tensor, name: str) -> None:
    """Raise CheckpointError unless one of two masks keeps all that the other one keeps."""
    one, two = mask.float(), other.float()
    if bool((one > two).any()) and bool((two > one).any()):
        raise CheckpointError(
            f"{where} and {other_where} hold different masks of {name}, expected one set of masks",
            "leave the one that is meant in the file: both together would be a network that nobody saved",
        )


def _pairs(state: State, masks: MasksBeside) -> Sequence[tuple[str, Tensor]]:
    """The masks by the names of their weights; empty: guessed masks that fit none. Raises ValueError for others."""
    try:
        return pairs_by_name(list(state), masks.named) if masks.named else pairs_in_order(state, masks.ordered)
    except ValueError:
        if masks.guessed:
            return ()
        raise


def fold_into_network(network: nn.Module, masks: MasksBeside) -> str:
    """Multiply a network's weights by their masks, in place; returns what was done, in words. Raises as fold_beside."""
    state = dict(network.state_dict())
    folded, note = fold_beside(state, masks)
    with torch.no_grad():
        for name, value in folded.items():
            if value is not state[name]:
                state[name].copy_(value)
    return note


def zeros_and_ones(part: Mapping[object, object]) -> bool:
    """Whether a dictionary holds nothing but tensors of zeros and ones, and so masks, whatever its name.

    All have two dimensions or more: the weights and biases of a new batch norm are zeros and ones, too.
    """
    tensors = [value for value in part.values() if isinstance(value, Tensor)]
    if not tensors or any(value is not None and not isinstance(value, Tensor) for value in part.values()):
        return False
    plain = all(value.ndim > 1 and value.layout is torch.strided and _is_held(value) for value in tensors)
    return plain and all(is_binary(value) for value in tensors) and any(_has_ones(value) for value in tensors)


def _has_ones(mask: Tensor) -> bool:
    return bool((mask if mask.layout is torch.strided else mask.to_dense()).float().any())


def _is_held(value: Tensor) -> bool:
    """Whether the file holds all of its numbers: a tensor may repeat one of them and claim any size."""
    return value.numel() * value.element_size() <= value.untyped_storage().nbytes()


def _place(value: Tensor) -> tuple[object, ...]:
    """Where its numbers lie in memory, and how: equal for a weight that is stored under two names."""
    return value.data_ptr(), value.dtype, value.shape, value.stride()


def _search(part: Mapping[str, object], path: str, depth: int) -> Iterator[MasksBeside]:
    """The masks in `part`, which is at the keys `path`."""
    for key, value in part.items():
        where = f"{path}.{key}" if path else str(key)
        named_so = "mask" in str(key).lower()
        if not isinstance(value, Mapping):
            if named_so:
                yield _alone(str(key), where, value)
            elif depth and isinstance(value, list | tuple):
                inside = {f"[{at}]": item for at, item in enumerate(value) if isinstance(item, Mapping)}
                yield from _search(inside, where, depth - 1)
        elif depth and named_so and not any(_holds_masks(name, inner) for name, inner in value.items()):
            found = dict(_tensors(value, "", depth))
            if not found and any(isinstance(inner, list | tuple) and len(inner) for inner in value.values()):
                raise ValueError(f"{where} holds lists, expected tensors by the weights' names")
            yield MasksBeside(where, found)
        elif depth and (of_sparsifier := _of_sparsifier(value)):
            yield MasksBeside(where, of_sparsifier)
        elif depth and zeros_and_ones(value):
            yield MasksBeside(where, dict(_tensors(value, "", depth)), guessed=True)
        elif depth and not _is_state(value):
            yield from _search(value, where, depth - 1)


def _alone(key: str, where: str, value: object) -> MasksBeside:
    """A single mask, or masks in a list; raises ValueError for lists that hold masks in another way."""
    if isinstance(value, list | tuple):
        if len(value) == 1 and isinstance(value[0], Mapping):
            return MasksBeside(where, dict(_tensors(value[0], "", DEPTH)))
        if any(isinstance(item, Mapping | list | tuple) and len(item) for item in value):
            raise ValueError(f"{where} holds masks in a way that is not known, expected tensors by the weights' names")
        masks = tuple(_tensor(item) for item in value)
        return MasksBeside(where, ordered=masks if any(mask is not None for mask in masks) else ())
    mask = _tensor(value)
    return MasksBeside(where, {} if mask is None else {key: mask})


def _tensors(part: Mapping[object, object], path: str, depth: int) -> Iterator[tuple[str, Tensor]]:
    """All tensors in `part`, each with the keys that lead to it, joined by dots."""
    for key, value in part.items():
        where = f"{path}.{key}" if path else str(key)
        mask = _tensor(value)
        if mask is not None:
            yield where, mask
        elif isinstance(value, Mapping) and depth:
            yield from _tensors(value, where, depth - 1)


def _tensor(value: object) -> Tensor | None:
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return torch.from_numpy(value.astype(np.float32))
    if not isinstance(value, Tensor):
        return None
    return value.detach()


def _holds_masks(key: object, value: object) -> bool:
    """Whether it is a dictionary or list of masks in a larger one: `masks` in FlyingBird's `mask_info`."""
    return "mask" in str(key).lower() and isinstance(value, Mapping | list | tuple)


def _of_sparsifier(part: Mapping[object, object]) -> dict[str, Tensor]:
    """The masks of `{NAME: {'mask': …}}`; empty: it is no such dictionary."""
    inner = {str(key): value["mask"] for key, value in part.items() if isinstance(value, Mapping) and "mask" in value}
    masks = {key: mask for key, value in inner.items() if (mask := _tensor(value)) is not None}
    return masks if len(masks) == len(part) else {}


def _is_state(part: Mapping[object, object]) -> bool:
    """Whether most of it are tensors."""
    return 2 * sum(isinstance(value, Tensor) for value in part.values()) > len(part)
