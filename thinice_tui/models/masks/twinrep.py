"""TwinRep (Li et al. 2023): a weight that is trained as the product of two, times a mask."""

import torch
from torch import Tensor

from thinice_tui.errors import CheckpointError
from thinice_tui.models.masks.pairs import State


def fold_twinrep(state: State) -> tuple[State, str]:
    """Replace `weight`, `aux_weight` and `mask` by their product; returns the state and what was done, in words.

    The shapes tell the mode. By elements: w × aux × mask, all of one shape. By channels:
    einsum('pq,qrst->prst', aux, w) × mask, with aux [p,q] over the output channels of a convolution; aux @ w for a
    linear layer. The shapes of a square linear layer fit both: there the file's convolutions decide. Raises
    CheckpointError where some layers have a mask and others have none.
    """
    layers = [key.removesuffix("aux_weight") for key in state if key.rpartition(".")[2] == "aux_weight"]
    layers = [layer for layer in layers if f"{layer}weight" in state]
    channel = any(_is_channel(state[f"{layer}aux_weight"], state[f"{layer}weight"]) for layer in layers)
    unmasked = [layer for layer in layers if f"{layer}mask" not in state]
    if unmasked and len(unmasked) < len(layers):
        raise CheckpointError(
            f"the mask of {unmasked[0].removesuffix('.')} is missing: other layers have aux_weight and mask (TwinRep)",
            "use a whole copy of the file",
        )
    folded = dict(state)
    for layer in layers:
        aux, weight = folded.pop(f"{layer}aux_weight"), state[f"{layer}weight"]
        mask = folded.pop(f"{layer}mask", torch.ones(()))
        either = weight.ndim == 2 and aux.shape == weight.shape
        if _is_channel(aux, weight) or (either and channel and weight.shape[0] == weight.shape[1]):
            product = torch.einsum("pq,q...->p...", aux, weight)
        else:
            product = weight * aux
        product = product * mask
        if product.shape != weight.shape and product.shape[1:] != weight.shape[1:]:
            raise ValueError(f"{layer}aux_weight is {tuple(aux.shape)}, its weight {tuple(weight.shape)}")
        folded[f"{layer}weight"] = product
    mode = "channels" if channel else "elements"
    return folded, f"{len(layers)} weights × aux_weight × mask (TwinRep, by {mode})" if layers else ""


def _is_channel(aux: Tensor, weight: Tensor) -> bool:
    """Whether the shapes allow only the mode by channels: a matrix of another shape than the weight."""
    return aux.ndim == 2 and aux.shape != weight.shape and aux.shape[1] == weight.shape[0]
