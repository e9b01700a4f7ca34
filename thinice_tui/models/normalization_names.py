"""Which names of a state dict are a normalisation's constants."""

from typing import Literal

NAMES = (
    ("mean", "std"),
    ("means", "stds"),
    ("_mean", "_std"),
    ("mean", "sd"),
    ("mu", "sigma"),
    ("_mu", "_sigma"),
    ("new_mean", "new_std"),
    ("norm_mean", "norm_std"),
    ("normalize_mean", "normalize_std"),
    ("normalization_mean", "normalization_std"),
    ("input_mean", "input_std"),
    ("image_mean", "image_std"),
    ("img_mean", "img_std"),
    ("pixel_mean", "pixel_std"),
    ("data_mean", "data_std"),
    ("dataset_mean", "dataset_std"),
    ("channel_mean", "channel_std"),
)
"""Names of a mean with that of its standard deviation: `new_mean` is that of the robustness library."""
LAYERS = (
    *("", "0", "normalize", "normalise", "normalizer", "normaliser", "normalization", "normalisation", "norm"),
    *("normalize_layer", "normalise_layer", "normalization_layer", "norm_layer", "input_norm", "input_normalize"),
    *("input_normalization", "data_norm", "data_normalization", "preprocess", "preprocessing", "preprocessor"),
    *("pre_process", "pre_processing", "transform"),
)
"""Names of the layer that holds them; `0`: the first of an nn.Sequential, in front of the network."""
_MEANS, _STDS = frozenset(mean for mean, _ in NAMES), frozenset(std for _, std in NAMES)


def is_normalization(key: str) -> bool:
    """Whether `key` names a constant of a normalisation, at the top or in a layer of that name."""
    return constant_kind(key) != ""


def constant_kind(key: str) -> Literal["mean", "std", ""]:
    """Which constant of a normalisation `key` names; empty: none."""
    layer, _, name = key.rpartition(".")
    if layer.rpartition(".")[2] not in LAYERS:
        return ""
    return "mean" if name in _MEANS else "std" if name in _STDS else ""
