"""Masks that are multiplied with their weights, by the names that each method gives them."""

import re
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

State = dict[str, Tensor]
PARAMETRIZED = re.compile(r"(?:(.*)\.)?parametrizations\.([^.]+)\.(original|\d+\.mask)")


def fold_torch_prune(state: State) -> tuple[State, str]:
    """torch.nn.utils.prune, also used by FlyingBird and RobustBird: X = `X_orig` × `X_mask`, for weights and biases."""
    layers = [name.removesuffix("_orig") for name in state if name.endswith("_orig")]
    layers = [name for name in layers if f"{name}_mask" in state and name not in state]
    return _folded(
        state,
        {name: (f"{name}_orig", f"{name}_mask") for name in layers},
        lambda weight, mask: weight * mask,
        "tensors × their masks (torch.nn.utils.prune: _orig × _mask)",
    )


def fold_parametrized(state: State) -> tuple[State, str]:
    """torch.nn.utils.parametrize: `parametrizations.X.original` × every `parametrizations.X.N.mask`.

    A parametrisation that stores anything but masks keeps its names, which then fit no architecture.
    """
    parts: dict[str, list[str]] = {}
    for key in state:
        if ".parametrizations." in f".{key}":
            match = PARAMETRIZED.fullmatch(key)
            layer, _, rest = key.rpartition("parametrizations.") if match is None else ("", "", "")
            name = ".".join(filter(None, match.groups()[:2])) if match else layer + rest.partition(".")[0]
            parts.setdefault(name, []).append(key if match else "")
    known = {name: keys for name, keys in parts.items() if "" not in keys and any(k.endswith("original") for k in keys)}
    if not known:
        return state, ""
    folded = {key: value for key, value in state.items() if not any(key in keys for keys in known.values())}
    for name, keys in known.items():
        weight = next(state[key] for key in keys if key.endswith(".original"))
        for key in keys:
            weight = weight if key.endswith(".original") else weight * state[key]
        folded[name] = weight
    return folded, f"{len(known)} tensors × their masks (torch.nn.utils.parametrize)"


def fold_softplus(state: State) -> tuple[State, str]:
    """MAD (Lee et al. 2022): `weight` × softplus(`mask_weight`), and `bias` × softplus(`mask_bias`)."""
    found = {}
    for key in state:
        layer, _, last = key.rpartition(".")
        name = f"{layer}.{last.removeprefix('mask_')}" if layer else last.removeprefix("mask_")
        if last in ("mask_weight", "mask_bias") and name in state:
            found[name] = (name, key)
    return _folded(
        state,
        found,
        lambda weight, mask: weight * F.softplus(mask),
        "tensors × softplus of their masks (MAD: mask_weight, mask_bias)",
    )


def fold_binary_masks(state: State) -> tuple[State, str]:
    """`mask` or `weight_mask` beside `weight`, of any method: `weight` × mask where the mask is of zeros and ones."""
    found = {}
    for key, mask in state.items():
        layer, _, last = key.rpartition(".")
        name = f"{layer}.weight" if layer else "weight"
        binary = last in ("mask", "weight_mask") and bool(((mask == 0) | (mask == 1)).all())
        if binary and name in state and mask.ndim == state[name].ndim:
            found[name] = (name, key)
    return _folded(state, found, lambda weight, mask: weight * mask, "weights × the masks beside them")


def _folded(
    state: State, found: dict[str, tuple[str, str]], rule: Callable[[Tensor, Tensor], Tensor], what: str
) -> tuple[State, str]:
    """`state` with `rule(weight, mask)` under each name of `found` and without the masks; what was done, in words.

    found: the keys of weight and mask by the name that their product gets.
    """
    if not found:
        return state, ""
    weights = {weight: (name, mask) for name, (weight, mask) in found.items()}
    masks = {mask for _, mask in found.values()}
    folded: State = {}
    for key, value in state.items():
        if key in weights:
            name, mask = weights[key]
            product = rule(value, state[mask].to(value.dtype) if value.is_floating_point() else state[mask])
            if product.shape != value.shape:
                raise ValueError(f"{mask} is {tuple(state[mask].shape)}, {key} is {tuple(value.shape)}")
            # softplus(−inf) × 0 and inf × 0 are NaN; the effective weight is 0
            folded[name] = torch.where(torch.isnan(product) & (value == 0), torch.zeros_like(product), product)
        elif key not in masks:
            folded[key] = value
    return folded, f"{len(found)} {what}"
