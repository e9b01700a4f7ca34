"""TwinRep (Li et al. 2023): a weight trained as the product of two, with a mask on it."""

import torch
from torch import Tensor

State = dict[str, Tensor]


def fold_twinrep(state: State) -> tuple[State, str]:
    """`weight` and `aux_weight` with a `mask` to their product, in the mode that the shapes tell.

    Elementwise: w × aux × mask, all of one shape. Channel: einsum('pq,qrst->prst', aux, w) × mask, with aux [p,q]
    over the output channels of a convolution; for a linear layer aux @ w. Where a square linear layer could be
    either, the file's convolutions decide.
    """
    layers = [key.removesuffix("aux_weight") for key in state if key.rpartition(".")[2] == "aux_weight"]
    layers = [layer for layer in layers if f"{layer}weight" in state]
    channel = any(_is_channel(state[f"{layer}aux_weight"], state[f"{layer}weight"]) for layer in layers)
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
    """Whether the shapes leave no other reading: a matrix that is not of the weight's shape."""
    return aux.ndim == 2 and aux.shape != weight.shape and aux.shape[1] == weight.shape[0]
