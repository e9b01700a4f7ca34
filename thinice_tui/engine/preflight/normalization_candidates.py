"""The normalisations that are tried where a model's file does not name one."""

import re

from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.models.classifier import Normalization
from thinice_tui.models.normalization import KNOWN

GREY = ("mnist", "fashion-mnist")
"""Constants for images with one channel; the others are for three, `half` is for both."""
DATASET_NORMALIZATIONS = {
    "cifar10": ("cifar10", "cifar10-2023"),
    "cifar10-c": ("cifar10", "cifar10-2023"),
    "cifar100": ("cifar100",),
    "svhn": ("svhn",),
    "mnist": ("mnist",),
    "fashion-mnist": ("fashion-mnist",),
    "folder": ("imagenet",),
}
"""The normalisations with which networks are usually trained on a kind of data, the most usual first."""
IMAGENET_SIDE = 64
"""Pixels: from this side length on, the images of a folder are taken as ImageNet-like."""
WNID = re.compile(r"n\d{8}")
"""A WordNet id, the name of ImageNet's class folders."""


def normalization_candidates(channels: int) -> dict[str, Normalization | None]:
    """The known normalisations for images with `channels` channels, by name; `none` comes first."""
    grey = channels == 1
    fitting = [
        known
        for known in KNOWN.values()
        if len(known.mean) in (1, channels) and (known.name == "half" or (known.name in GREY) == grey)
    ]
    return {"none": None, **{known.name: known for known in fitting}}


def dataset_normalizations(spec: str, probe: StratifiedSample) -> tuple[str, ...]:
    """The names of the data set's usual normalisations; empty: the data spec does not tell the data set."""
    kind = spec.partition(":")[0]
    if kind == "folder":
        names = probe.class_names
        like_imagenet = min(probe.shape[1:]) >= IMAGENET_SIDE or (names and all(map(WNID.fullmatch, names)))
        return DATASET_NORMALIZATIONS[kind] if like_imagenet else ()
    return DATASET_NORMALIZATIONS.get(kind, ())
