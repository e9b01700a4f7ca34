"""Masks that are multiplied with the weights beside them in a state dict, by the names that each method gives them."""

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from thinice_tui.errors import CheckpointError
from thinice_tui.models.masks.pairs import State, is_binary, multiplied, weight_of_mask


def fold_torch_prune(state: State) -> tuple[State, str]:
    """torch.nn.utils.prune, also used by FlyingBird and RobustBird: X = `X_orig` × `X_mask`, for weights and biases."""
    layers = [name.removesuffix("_orig") for name in state if name.endswith("_orig")]
    layers = [name for name in layers if f"{name}_mask" in state and name not in state]
    return _folded(
        state,
        {name: (f"{name}_orig", f"{name}_mask") for name in layers},
        "tensors × their masks (torch.nn.utils.prune: _orig × _mask)",
    )


def fold_softplus(state: State) -> tuple[State, str]:
    """MAD (Lee et al. 2022): `weight` × softplus(`mask_weight`), and `bias` × softplus(`mask_bias`).

    Masks of zeros and ones, in all of the file, are another method's: MAD's are softplus⁻¹ of a number. They are
    multiplied as they are. Raises CheckpointError where MAD has masks for some Conv and Linear weights only.
    """
    found = {}
    for key in state:
        layer, _, last = key.rpartition(".")
        name = f"{layer}.{last.removeprefix('mask_')}" if layer else last.removeprefix("mask_")
        if last in ("mask_weight", "mask_bias") and name in state:
            found[name] = (name, key)
    masks = [state[key] for _, key in found.values()]
    if all(is_binary(mask) for mask in masks) and any(bool((mask != 0).any()) for mask in masks):
        return _folded(state, found, "tensors × their masks of zeros and ones (mask_weight, mask_bias)")
    folded = _folded(state, found, "tensors × softplus of their masks (MAD: mask_weight, mask_bias)", F.softplus)
    layers = {name.rpartition(".")[0] for name in found}
    for name, value in state.items():
        layer, _, kind = name.rpartition(".")
        needed = (kind == "weight" and value.ndim > 1) or (kind == "bias" and layer in layers)
        if found and needed and name not in found:
            raise CheckpointError(
                f"the mask of {name} is missing: other layers have mask_weight, as MAD gives it to every layer",
                "use a whole copy of the file",
            )
    return folded


def fold_binary_masks(state: State) -> tuple[State, str]:
    """`mask`, `X_mask` or NVIDIA ModelOpt's `_X_mask` beside the weight or bias X: X × mask.

    Only masks of zeros and ones with the weight's number of dimensions: any other is not known to be multiplied.
    """
    found = {}
    for key, mask in state.items():
        name = weight_of_mask(key)
        if name in state and mask.ndim == state[name].ndim and is_binary(mask):
            found[name] = (name, key)
    return _folded(state, found, "weights × the masks beside them")


def _folded(
    state: State, found: dict[str, tuple[str, str]], what: str, rule: Callable[[Tensor], Tensor] = lambda mask: mask
) -> tuple[State, str]:
    """`state` with weight × `rule(mask)` under each name of `found` and without the masks; what was done, in words.

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
            folded[name] = multiplied(value, rule(state[mask]), name)
        elif key not in masks:
            folded[key] = value
    return folded, f"{len(found)} {what}"
