"""Scores that rank the weights of a layer, of which only the top ones are used: HYDRA, HARP, robust scratch tickets."""

import torch
from torch import Tensor

from thinice_tui.errors import CheckpointError
from thinice_tui.models.masks.pairs import State, is_binary, multiplied

HARP_MIN = 0.1
"""HARP's smallest fraction of a layer, as a part of the global fraction."""
_GROUPS = {1: "filter", 2: "kernel", 3: "row"}
"""What is kept or removed as a whole, by the number of dimensions that its scores have."""


def fold_scores(state: State, keep: float | None) -> tuple[State, str, float | None]:
    """`weight` × top-k of |`popup_scores`| (HYDRA, HARP) or |`scores`| (RST) per layer.

    Scores of zeros and ones are masks. Returns the state, what was done in words, and `keep` where it was used.
    Raises CheckpointError where there are scores to rank and `keep` is None: the fraction is not in such files.
    """
    found = {
        f"{key.rpartition('.')[0]}.weight": key
        for key in state
        if key.rpartition(".")[2] in ("popup_scores", "scores") and f"{key.rpartition('.')[0]}.weight" in state
    }
    fractions = [key for key in state if key.rpartition(".")[2] == "k_score"]
    folded = {key: value for key, value in state.items() if key not in {*found.values(), *fractions}}
    if not found:
        return folded, f"{len(fractions)} k_score left out: there are no scores to rank" if fractions else "", None
    _check_fractions(found, fractions)
    if unusable := next((key for key in found.values() if not bool(torch.isfinite(state[key].float()).all())), ""):
        raise CheckpointError(
            f"{unusable} holds NaN or infinite values, expected scores that rank its weights",
            "the training diverged or the file is damaged: use another checkpoint",
        )
    scores = [state[key] for key in found.values()]
    if keep != 1 and all(is_binary(own) for own in scores) and any(bool((own != 0).any()) for own in scores):
        for name, key in found.items():
            folded[name] = multiplied(state[name], _over_weight(state[key], state[name], key), name)
        return folded, f"{len(found)} weights × their scores, which are zeros and ones: masks, nothing to rank", None
    first = next(iter(found.values()))
    if keep is None:
        raise CheckpointError(
            f"holds scores ({first}) that rank its weights, but how many weights to keep is not in the file",
            "give --keep as a fraction of the weights: 0.1 for a model that is pruned by 90 %, 1 for one that is not "
            "pruned yet; in compare a number alone is for the pruned models, and --keep dense=1 is for a dense model "
            "with scores",
        )
    for name, key in found.items():
        rate = _layer_rate(state[f"{name.removesuffix('weight')}k_score"], keep) if fractions else keep
        folded[name] = state[name] * _mask(state[key].abs(), state[name], 1.0 if keep == 1 else rate, key)
    groups = [_group(state[key], state[name], key) for name, key in found.items()]
    by = next((f", by {group}" for group in groups if group), "")
    ranked = {name for name in found if state[name].ndim > 1}
    others = [name for name in folded if name.endswith("weight") and folded[name].ndim > 1 and name not in ranked]
    whole = (
        f"; all weights of {', '.join(name.removesuffix('.weight') for name in others)} are kept: no scores"
        if others
        else ""
    )
    method = "HARP, each layer's own fraction" if fractions else ("HYDRA" if first.endswith("popup_scores") else "RST")
    return folded, f"{len(found)} weights × the best {keep:g} of their scores ({method}{by}){whole}", keep


def _check_fractions(found: dict[str, str], fractions: list[str]) -> None:
    """Raise CheckpointError where some layers have HARP's k_score and others have not."""
    own = {f"{name.removesuffix('weight')}k_score": key for name, key in found.items()}
    missing = [key for key in own if key not in fractions] if fractions else []
    alone = [key for key in fractions if key not in own]
    if missing or alone:
        what, key = ("k_score", missing[0]) if missing else ("scores", alone[0])
        raise CheckpointError(
            f"the {what} of {key.removesuffix('.k_score')} {'is' if missing else 'are'} missing: other layers have "
            "HARP's scores and k_score, which is the layer's own fraction",
            "use a whole copy of the file; no other fraction is taken in its place",
        )


def _layer_rate(k_score: Tensor, keep: float) -> Tensor:
    """HARP (Zhao and Wressnegger 2023): sigmoid(k_score)·(1 − k_min) + k_min with k_min = 0.1·k, in float32."""
    least = HARP_MIN * keep
    return torch.sigmoid(k_score.reshape(())) * (1 - least) + least


def _mask(magnitudes: Tensor, weight: Tensor, rate: float | Tensor, key: str) -> Tensor:
    """A mask of zeros and ones for `weight`.

    Scores per weight, and RST's per filter, kernel or row: the lowest int((1 − rate)·n) are zero (SubnetConv_filter,
    _kernel and _row of Robust-Scratch-Ticket's conv_type.py). HARP's per input channel: the top round(rate·C_in) are
    one.
    """
    spread = _over_weight(magnitudes, weight, key)
    if _by_input_channel(magnitudes, weight, key):
        kept = int(torch.round(torch.as_tensor(rate) * weight.shape[1]))
        mask = torch.zeros(weight.shape[1], dtype=weight.dtype)
        mask[magnitudes.flatten().topk(kept).indices] = 1
        return mask.view_as(spread)
    removed = int((1 - rate) * magnitudes.numel())
    mask = torch.ones(magnitudes.numel(), dtype=weight.dtype)
    mask[magnitudes.flatten().sort(stable=True).indices[:removed]] = 0
    return mask.view_as(spread)


def _over_weight(scores: Tensor, weight: Tensor, key: str) -> Tensor:
    """The scores with as many dimensions as the weight; raises ValueError where they do not belong to it."""
    if scores.shape != weight.shape and not _by_input_channel(scores, weight, key) and not _group(scores, weight, key):
        raise ValueError(f"{key} is {tuple(scores.shape)}, its weight {tuple(weight.shape)}")
    return scores.reshape(*scores.shape, *(1 for _ in range(weight.ndim - scores.ndim)))


def _group(scores: Tensor, weight: Tensor, key: str) -> str:
    """What RST's scores rank as a whole; empty: single weights, or they do not belong to the weight."""
    full, found = tuple(weight.shape), tuple(scores.shape)
    if found == full or not key.endswith(".scores"):
        return ""
    shared = (count for count in _GROUPS if found in (full[:count], full[:count] + (1,) * (weight.ndim - count)))
    return next((_GROUPS[count] for count in shared if count < weight.ndim), "")


def _by_input_channel(scores: Tensor, weight: Tensor, key: str) -> bool:
    """Whether HARP's scores rank input channels."""
    ranks = weight.ndim > 1 and tuple(scores.shape) == (1, weight.shape[1], *(1 for _ in weight.shape[2:]))
    return ranks and scores.shape != weight.shape and key.endswith("popup_scores")
