"""Scores that rank the weights of a layer, of which only the top ones are used: HYDRA, HARP, robust scratch tickets."""

import torch
from torch import Tensor

from thinice_tui.errors import CheckpointError

State = dict[str, Tensor]
HARP_MIN = 0.1
"""HARP's smallest fraction of a layer, as a part of the global fraction."""


def fold_scores(state: State, keep: float | None, path: str) -> tuple[State, str, float | None]:
    """`weight` × top-k of |`popup_scores`| (HYDRA, HARP) or |`scores`| (RST) per layer.

    Returns the state, what was done in words, and `keep` where there are scores, else None. Raises CheckpointError
    where there are scores and `keep` is None: the fraction is not in such files.
    """
    found = {
        f"{key.rpartition('.')[0]}.weight": key
        for key in state
        if key.rpartition(".")[2] in ("popup_scores", "scores") and f"{key.rpartition('.')[0]}.weight" in state
    }
    if not found:
        return state, "", None
    first = next(iter(found.values()))
    if keep is None:
        raise CheckpointError(
            f"{path}: holds scores ({first}) that rank its weights, but how many weights to keep is not in the file",
            "give --keep as a fraction of the weights: 0.1 for a model that is pruned by 90 %, 1 for one that is not "
            "pruned yet; in compare a number alone is for the pruned models, and --keep dense=1 is for a dense model "
            "with scores",
        )
    own = [f"{name.removesuffix('weight')}k_score" for name in found]
    harp = all(key in state for key in own)
    dropped = {*found.values(), *(key for key in own if key in state)}
    folded = {key: value for key, value in state.items() if key not in dropped}
    for name, key in found.items():
        rate = _layer_rate(state[f"{name.removesuffix('weight')}k_score"], keep) if harp else keep
        folded[name] = state[name] * _mask(state[key].abs(), state[name], 1.0 if keep == 1 else rate, key)
    method = "HARP, each layer's own fraction" if harp else ("HYDRA" if first.endswith("popup_scores") else "RST")
    return folded, f"{len(found)} weights × the best {keep:g} of their scores ({method})", keep


def _layer_rate(k_score: Tensor, keep: float) -> Tensor:
    """HARP (Zhao and Wressnegger 2023): sigmoid(k_score)·(1 − k_min) + k_min with k_min = 0.1·k, in float32."""
    least = HARP_MIN * keep
    return torch.sigmoid(k_score.reshape(())) * (1 - least) + least


def _mask(magnitudes: Tensor, weight: Tensor, rate: float | Tensor, key: str) -> Tensor:
    """A mask of zeros and ones for `weight`.

    Scores per weight: the lowest int((1 − rate)·n) are zero. Scores per input channel: the top round(rate·C_in)
    are one.
    """
    if magnitudes.shape == weight.shape:
        removed = int((1 - rate) * magnitudes.numel())
        mask = torch.ones(magnitudes.numel(), dtype=weight.dtype)
        mask[magnitudes.flatten().sort(stable=True).indices[:removed]] = 0
        return mask.view_as(weight)
    if tuple(magnitudes.shape) == (1, weight.shape[1], *(1 for _ in weight.shape[2:])):
        kept = int(torch.round(torch.as_tensor(rate) * weight.shape[1]))
        mask = torch.zeros(weight.shape[1], dtype=weight.dtype)
        mask[magnitudes.flatten().topk(kept).indices] = 1
        return mask.view_as(magnitudes)
    raise ValueError(f"{key} is {tuple(magnitudes.shape)}, its weight {tuple(weight.shape)}")
