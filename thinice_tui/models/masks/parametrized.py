"""Parametrised weights: torch.nn.utils.parametrize with masks, and weight normalisation.

A parametrisation that is not known here, or has no state in the file, is refused: what it does is not in the file.
"""

import re
from collections.abc import Collection, Iterable, Mapping

import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError
from thinice_tui.models.masks.pairs import State, is_binary, multiplied

PART = re.compile(r"(?:(.*)\.)?parametrizations\.([^.]+)\.(.+)")
"""The layer, the weight and the part of it in a name like `conv1.parametrizations.weight.0.mask`."""
_MASK = re.compile(r"(\d+)\.mask")
_NAMED = {"0._u": "a spectral norm", "0.base": "an orthogonal weight"}
"""What torch's own parametrisations are, by the part that only they have."""
_REMOVE = "torch.nn.utils.parametrize.remove_parametrizations(module, 'weight')"


def weights_of_parts(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """The keys of each parametrised weight: by the weight's name, then by the part (`original`, `0.mask`)."""
    parts: dict[str, dict[str, str]] = {}
    for key in names:
        if match := PART.fullmatch(key):
            layer, weight, part = match.groups()
            parts.setdefault(f"{layer}.{weight}" if layer else weight, {})[part] = key
    return parts


def fold_parametrized(state: State, masked: Collection[str] = ()) -> tuple[State, str]:
    """`original` × every `N.mask`, or torch's weight norm of `original0` and `original1`; and what was done, in words.

    masked: names of weights whose masks are elsewhere in the file. Raises CheckpointError for other parametrisations.
    """
    parts = weights_of_parts(state)
    if not parts:
        return state, ""
    keys = {key for own in parts.values() for key in own.values()}
    folded = {key: value for key, value in state.items() if key not in keys}
    for name, own in parts.items():
        folded[name] = _weight(name, {part: state[key] for part, key in own.items()}, name in masked)
    masks = sum(any(map(_MASK.fullmatch, own)) for own in parts.values())
    norms = sum("original0" in own for own in parts.values())
    notes = [f"{masks} tensors × their masks (torch.nn.utils.parametrize)"] if masks else []
    notes += [f"{norms} weight norms (torch.nn.utils.parametrizations)"] if norms else []
    return folded, ", ".join(notes)


def fold_weight_norms(state: State) -> tuple[State, str]:
    """torch.nn.utils.weight_norm: X = `X_g` × `X_v` ÷ its norm; and what was done, in words."""
    names = [key.removesuffix("_g") for key in state if key.endswith("weight_g")]
    names = [name for name in names if f"{name}_v" in state and name not in state and f"{name}_u" not in state]
    if not names:
        return state, ""
    folded = {key: value for key, value in state.items() if key not in {f"{n}_{part}" for n in names for part in "gv"}}
    for name in names:
        folded[name] = weight_norm(state[f"{name}_g"], state[f"{name}_v"], name)
    return folded, f"{len(names)} weight norms (torch.nn.utils.weight_norm)"


def weight_norm(length: Tensor, direction: Tensor, name: str) -> Tensor:
    """`length` × `direction` ÷ its norm (Salimans and Kingma 2016, equation 2).

    The norm is over the dimensions in which `length` has length 1, or over all if it is one number. Raises ValueError
    where the shapes are of something else.
    """
    full = [a == b for a, b in zip(length.shape, direction.shape, strict=False)]
    single = [a == 1 for a in length.shape]
    fits = length.ndim in (0, direction.ndim) and all(a or b for a, b in zip(full, single, strict=True))
    if not fits or sum(not one for one in single) > 1:
        raise ValueError(f"{name} is of {tuple(length.shape)} and {tuple(direction.shape)}, which is no weight norm")
    over = [place for place, one in enumerate(single) if one] if length.ndim else list(range(direction.ndim))
    norm = torch.linalg.vector_norm(direction, dim=over, keepdim=True) if over else direction.abs()
    return direction * (length / norm)


def unsaved_state(network: nn.Module) -> str:
    """The first weight whose parametrisation `network` does not save, as torch.ao's masks; empty: there is none."""
    saved = network.state_dict()
    tensors = [name for named in (network.named_buffers(), network.named_parameters()) for name, _ in named]
    return next(iter(weights_of_parts(name for name in tensors if name not in saved)), "")


def missing_parametrization(name: str) -> CheckpointError:
    """The error for a weight whose parametrisation is not in the file."""
    return CheckpointError(
        f"{name} is parametrised, and the file does not hold what its parametrisation does: the masks of "
        "torch.ao.pruning are not saved before squash_mask()",
        f"call sparsifier.squash_mask(), or {_REMOVE} for other parametrisations, and save the state dict again",
    )


def _weight(name: str, own: Mapping[str, Tensor], masked: bool) -> Tensor:
    """The effective weight; own: its tensors by part; masked: whether its mask is elsewhere in the file."""
    what = next((what for part, what in _NAMED.items() if part in own), "")
    masks = {int(match[1]): value for part, value in own.items() if (match := _MASK.fullmatch(part))}
    originals = {"original0", "original1"} if "original0" in own else {"original"}
    if what or len(own) != len(masks) + len(originals) or not originals <= own.keys():
        raise CheckpointError(
            f"{name} is {what or 'parametrised in a way that is not known here'} ({', '.join(own)})",
            f"call {_REMOVE} and save the state dict again",
        )
    first = len(originals) - 1  # a weight norm is a parametrisation of its own
    if set(masks) != set(range(first, first + len(masks))) or not (masks or first or masked):
        raise missing_parametrization(name)
    weight = weight_norm(own["original0"], own["original1"], name) if first else own["original"]
    for mask in masks.values():
        if not is_binary(mask):
            raise ValueError(f"the mask of {name} is not of zeros and ones")
        weight = multiplied(weight, mask, name)
    return weight
