"""Normalisations: the known constants, and those that a command line or a model's file gives.

A normalisation is a layer in front of the network, never part of the data. Sources of the constants: CIFAR-10 and
CIFAR-100 as in most published training code (std over pixels); `cifar10-2023` as in MAD and kuangliu/pytorch-cifar
(mean of the images' std), SVHN likewise; ImageNet as in torchvision; MNIST as in PyTorch's example; `half` maps [0,1]
to [−1,1].
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from torch import Tensor

from thinice_tui.errors import CheckpointError, UsageError
from thinice_tui.models.classifier import Normalization

KNOWN = {
    known.name: known
    for known in (
        Normalization("cifar10", (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
        Normalization("cifar10-2023", (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
        Normalization("cifar100", (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
        Normalization("svhn", (0.4377, 0.4438, 0.4728), (0.1980, 0.2010, 0.1970)),
        Normalization("imagenet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        Normalization("mnist", (0.1307,), (0.3081,)),
        Normalization("fashion-mnist", (0.2860,), (0.3530,)),
        Normalization("half", (0.5,), (0.5,)),
        Normalization("rst", (0.491, 0.482, 0.447), (0.247, 0.243, 0.262)),
        Normalization("mad-svhn", (0.43090966, 0.4302428, 0.44634357), (0.19759192, 0.20029082, 0.19811132)),
        Normalization("mad-cifar100", (0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)),
    )
}
OF_METHODS = ("rst", "mad-svhn", "mad-cifar100")
"""Those of one pruning method alone (models/method_constants.py): they are tried on its files only."""
Source = Literal[
    "given", "the file's buffers", "the file's metadata", "inside the network", "undecided", "clean accuracy"
]
"""Where a model's normalisation comes from."""


def same_normalization(one: Normalization | None, other: Normalization | None) -> bool:
    """Whether both have the same constants to four digits, as they are published; names do not matter."""
    if one is None or other is None:
        return one is other
    pairs = ((one.mean, other.mean), (one.std, other.std))
    return all(np.allclose(np.array(mine), np.array(theirs), rtol=0, atol=1e-4) for mine, theirs in pairs)


def buffered_normalization(buffers: Mapping[str, Tensor], path: str) -> Normalization:
    """The normalisation in the buffers `….mean` and `….std` of a model's file; raises CheckpointError for others."""
    values = {key.rpartition(".")[2]: tuple(value.flatten().double().tolist()) for key, value in buffers.items()}
    mean, std = values.get("mean", ()), values.get("std", ())
    rounded = tuple(tuple(round(part, 6) for part in parts) for parts in (mean, std))  # float32 holds 0.49140000343
    problem = _problem(*rounded) if len(buffers) == 2 else f"it holds {', '.join(buffers)}"
    if not problem and max(map(abs, mean)) > 1.5:
        problem = "its means are not in units of [0,1] pixels"
    if problem:
        raise CheckpointError(f"{path}: its normalisation buffers are unusable: {problem}", "give --normalize")
    return Normalization("file", *rounded)


def parse_normalization(spec: str) -> Normalization | None:
    """The normalisation for `none`, a known name, or `m,m,m/s,s,s`; None: the network takes raw [0,1] images.

    Raises UsageError for anything else.
    """
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
    """The normalisation in a checkpoint's entry: None, `none`, a known name, or {name, mean, std}.

    Raises CheckpointError for anything else.
    """
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
    """What is wrong with the constants; empty: nothing."""
    if len(mean) != len(std) or len(mean) not in (1, 3):
        return f"{len(mean)} means and {len(std)} standard deviations, expected 1 or 3 of each"
    if not all(map(math.isfinite, mean + std)) or min(std) <= 0:
        return "means must be finite and standard deviations positive"
    return ""
