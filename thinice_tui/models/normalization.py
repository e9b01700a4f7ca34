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
import torch
from torch import Tensor

from thinice_tui.errors import CheckpointError, UsageError
from thinice_tui.models.classifier import Normalization
from thinice_tui.models.inner_normalization import LARGEST, state_constants
from thinice_tui.models.normalization_names import constant_kind

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
MAX_MEAN, MAX_STD = 1.5, 16.0
"""Larger values are in units of 0-255."""
STD_RANGE = (0.07, 1.5)
"""Standard deviations of a file lie between: photographs have 0.2 to 0.35, and the squares and inverses of these do
not."""
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
    """The normalisation in the constants of a model's file, by name; raises CheckpointError for others.

    Several copies of a mean and a standard deviation are taken where they are equal. Refused is what is no mean or no
    standard deviation of [0,1] pixels: one without the other, a variance, an inverse, units of 0-255.
    """
    means, stds = (_distinct(buffers, kind) for kind in ("mean", "std"))
    if len(means) != 1 or len(stds) != 1:
        problem, do = f"it holds {', '.join(buffers)}, expected a mean and a standard deviation", "give --normalize"
    else:
        problem, do = _problem(means[0], stds[0])
        if not problem and not _plausible(stds[0]):
            named = " and ".join(key for key in buffers if constant_kind(key) == "std")
            problem, do = _improbable(named, stds[0]), "give --normalize"
    if problem:
        raise CheckpointError(f"{path}: its constants of a normalisation are unusable: {problem}", do)
    return Normalization("file", means[0], stds[0])


def constants_beside_weights(about: Mapping[str, object]) -> dict[str, Tensor]:
    """The constants of a normalisation among the other entries of a model's file, by name; empty: there is no pair.

    They are a mean and a standard deviation of three numbers each, at the top or in a dictionary of such a name. Those
    inside other weights of the file belong to these.
    """
    flat = dict(about)
    for key, value in about.items():
        if isinstance(value, Mapping) and not any("." in str(name) for name in value):
            flat |= {f"{key}.{name}": item for name, item in value.items()}
    found = {key: flat[key] for key in state_constants(flat)}
    values = {key: torch.as_tensor(value, dtype=torch.float64) for key, value in found.items()}
    three = {key: value for key, value in values.items() if value.numel() == 3}
    return three if {constant_kind(key) for key in three} == {"mean", "std"} else {}


def _distinct(buffers: Mapping[str, Tensor], kind: str) -> list[tuple[float, ...]]:
    """The values of one kind of constant, without copies, rounded: float32 holds 0.49140000343."""
    values = (value.flatten().double().tolist() for key, value in buffers.items() if constant_kind(key) == kind)
    return list(dict.fromkeys(tuple(round(part, 6) for part in parts) for parts in values))


def _improbable(name: str, std: Sequence[float]) -> str:
    values = ", ".join(f"{part:.4g}" for part in std)
    return f"{name} is {values}, which is no standard deviation of [0,1] pixels: is it a variance or an inverse?"


def _plausible(std: Sequence[float]) -> bool:
    """Whether these may be standard deviations of [0,1] pixels, or turn them into units of 0-255."""
    usual = STD_RANGE[0] <= min(std) and max(std) <= STD_RANGE[1]
    return usual or all(math.isclose(part, 1 / 255, rel_tol=0.01) for part in std)


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
    problem, do = _problem(mean, std)
    if problem:
        raise UsageError(f"--normalize {spec}: {problem}", do)
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
        problem, do = _problem(mean, std)
        if not problem and not _plausible(std):
            problem, do = _improbable("std", std), "give --normalize"
        if not problem:
            return Normalization(str(stored.get("name", "stored")), mean, std)
        raise CheckpointError(f"{path}: its normalization is unusable: {problem}", do)
    raise CheckpointError(
        f"{path}: its normalization is {stored!r}, expected a known name or mean and std", "give --normalize"
    )


def _numbers(value: object) -> bool:
    # a whole number may be too large for a float
    return isinstance(value, Sequence) and all(
        isinstance(part, float) or (isinstance(part, int) and abs(part) < LARGEST) for part in value
    )


def _problem(mean: tuple[float, ...], std: tuple[float, ...]) -> tuple[str, str]:
    """What is wrong with the constants, and what to do; empty: nothing is."""
    if len(mean) != len(std) or len(mean) not in (1, 3):
        return f"{len(mean)} means and {len(std)} standard deviations, expected 1 or 3 of each", "give --normalize"
    if not all(map(math.isfinite, mean + std)) or min(std) <= 0:
        return "means must be finite and standard deviations positive", "give --normalize"
    if max(map(abs, mean)) > MAX_MEAN or max(std) > MAX_STD:
        return (
            "its values are in units of 0-255, expected means and standard deviations of [0,1] pixels",
            f"divided by 255, they are --normalize {_divided(mean, std)}",
        )
    return "", ""


def _divided(mean: tuple[float, ...], std: tuple[float, ...]) -> str:
    """The option for constants in units of 0-255; means or standard deviations that are in [0,1] units stay."""
    large = max(map(abs, mean)) > MAX_MEAN
    factors = (255 if large else 1, 255 if max(std) > (STD_RANGE[1] if large else MAX_STD) or set(std) == {1.0} else 1)
    parts = zip((mean, std), factors, strict=True)
    return "/".join(",".join(f"{value / factor:.4g}" for value in values) for values, factor in parts)
