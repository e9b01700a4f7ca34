"""Normalisations by name, and from what is typed or stored in a checkpoint.

The constants' sources: CIFAR-10/100 as in most published training code (per-pixel std), SVHN as in
the same, ImageNet as in torchvision. None of them belongs in the data: it sits in front of the network.
"""

import math
from collections.abc import Mapping, Sequence

from thinice_tui.errors import CheckpointError, UsageError
from thinice_tui.models.classifier import Normalization

KNOWN = {
    known.name: known
    for known in (
        Normalization("cifar10", (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
        Normalization("cifar100", (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
        Normalization("svhn", (0.4377, 0.4438, 0.4728), (0.1980, 0.2010, 0.1970)),
        Normalization("imagenet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    )
}


def parse_normalization(spec: str) -> Normalization | None:
    """`none`, a known name, or `m,m,m/s,s,s`; None means: the network takes raw [0,1] images."""
    if spec == "none":
        return None
    if spec in KNOWN:
        return KNOWN[spec]
    try:
        mean_text, std_text = spec.split("/")
        mean = tuple(float(part) for part in mean_text.split(","))
        std = tuple(float(part) for part in std_text.split(","))
    except ValueError:
        names = ", ".join(KNOWN)
        raise UsageError(
            f"--normalize is {spec!r}, expected auto, none, {names}, or numbers",
            "write means and standard deviations as 0.49,0.48,0.45/0.25,0.24,0.26",
        ) from None
    if problem := _problem(mean, std):
        raise UsageError(f"--normalize {spec}: {problem}")
    return Normalization(spec, mean, std)


def stored_normalization(stored: object, path: str) -> Normalization | None:
    """The `normalization` entry of a checkpoint: a name, None, or {name, mean, std}."""
    if stored is None or stored == "none":
        return None
    if isinstance(stored, str) and stored in KNOWN:
        return KNOWN[stored]
    if isinstance(stored, Mapping) and _numbers(stored.get("mean")) and _numbers(stored.get("std")):
        mean, std = tuple(map(float, stored["mean"])), tuple(map(float, stored["std"]))
        problem = _problem(mean, std)
        if not problem:
            return Normalization(str(stored.get("name", "stored")), mean, std)
        raise CheckpointError(f"{path}: its normalization is unusable: {problem}", "give --normalize")
    raise CheckpointError(
        f"{path}: its normalization is {stored!r}, expected a known name or mean and std", "give --normalize"
    )


def _numbers(value: object) -> bool:
    return isinstance(value, Sequence) and all(isinstance(part, (int, float)) for part in value)


def _problem(mean: tuple[float, ...], std: tuple[float, ...]) -> str:
    if len(mean) != len(std) or len(mean) not in (1, 3):
        return f"{len(mean)} means and {len(std)} standard deviations, expected 1 or 3 of each"
    if not all(map(math.isfinite, mean + std)) or min(std) <= 0:
        return "means must be finite and standard deviations positive"
    return ""
