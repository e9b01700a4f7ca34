"""The normalisations that are tried where a model's file does not name one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.models.classifier import Normalization
from thinice_tui.models.load import LoadedModel
from thinice_tui.models.method_constants import DEFAULT, method_normalization
from thinice_tui.models.normalization import KNOWN, OF_METHODS, same_normalization

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
    """The usual normalisations for images with `channels` channels, by name; `none` comes first."""
    grey = channels == 1
    fitting = [
        known
        for known in KNOWN.values()
        if known.name not in OF_METHODS
        and len(known.mean) in (1, channels)
        and (known.name == "half" or (known.name in GREY) == grey)
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


@dataclass(frozen=True)
class RunCandidates:
    """The normalisations that are tried for the models of a run, by name, and which of those that tie is taken."""

    options: dict[str, Normalization | None]
    preferred: Mapping[str, str]
    """The names of those that something speaks for, the strongest first, each with the reason."""
    named: str
    """The one that the first file names; empty: none does."""
    of_methods: Mapping[int, tuple[str, str]]
    """By the model's number: the one in the code of the method that pruned it, and the reason."""

    @property
    def ordered(self) -> dict[str, Normalization | None]:
        """The preferred ones, then `none`, then the others in order."""
        return {name: self.options[name] for name in dict.fromkeys((*self.preferred, *self.options))}


def run_candidates(
    models: Sequence[LoadedModel], names: Sequence[str], channels: int, usual: Sequence[str]
) -> RunCandidates:
    """The candidates for images with `channels` channels; usual: the names of the data set's usual ones.

    Preferred are the one that a file of the run names, then those in the code of the methods that pruned the models,
    then the data set's usual ones.
    """
    options = normalization_candidates(channels)
    of_methods: dict[int, tuple[str, str]] = {}
    for number, model in enumerate(models):
        found = method_normalization(model.checkpoint, usual[0] if usual else DEFAULT)
        if found is not None and len(KNOWN[found[1]].mean) in (1, channels):
            method, name = found
            of_methods[number] = name, f"which the code of {method.name} uses"
            options.setdefault(name, KNOWN[name])
    preferred: dict[str, str] = {}
    named = ""
    for model, file in zip(models, names, strict=True):
        stored = model.normalization
        fits = stored is None or len(stored.mean) in (1, channels)
        if not named and model.source in ("the file's metadata", "the file's buffers") and fits:
            named = "none" if stored is None else stored.name
            others = {key: value for key, value in options.items() if not same_normalization(value, stored)}
            options = {**others, named: stored}
            preferred[named] = f"which the file of {file} names"
    for name, why in (*of_methods.values(), *((name, "the usual one for this data set") for name in usual)):
        if name in options:
            preferred.setdefault(name, why)
    kept = {number: found for number, found in of_methods.items() if found[0] in options}
    return RunCandidates(options, preferred, named, kept)
