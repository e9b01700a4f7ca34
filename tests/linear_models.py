"""Small linear models, whose decision boundaries are known exactly.

Also factories for `--arch tests/linear_models.py:NAME`.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

CLASSES, SHAPE = 5, (3, 8, 8)
FEATURES = 3 * 8 * 8
ARCH = f"{Path(__file__)}:linear"
SLOW = f"{Path(__file__)}:slow"
WAITING = f"{Path(__file__)}:waiting"


def linear(num_classes: int = CLASSES) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(FEATURES, num_classes))


def convolution(num_classes: int = CLASSES) -> nn.Module:
    """The linear model as one convolution, which low precision rounds."""
    return nn.Sequential(nn.Conv2d(SHAPE[0], num_classes, SHAPE[1:]), nn.Flatten())


def softmaxed(num_classes: int = CLASSES) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(FEATURES, num_classes), nn.Softmax(dim=1))


class _Tuple(nn.Module):
    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.inner = linear(num_classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.inner(x), x


def returns_tuple(num_classes: int = CLASSES) -> nn.Module:
    return _Tuple(num_classes)


class Wrapped(nn.Module):
    """The linear model under its own keys, for subclasses that change its logits."""

    def __init__(self, num_classes: int = CLASSES) -> None:
        super().__init__()
        flatten, layer = linear(num_classes).children()
        self.add_module("0", flatten)
        self.add_module("1", layer)

    def logits(self, x: Tensor) -> Tensor:
        logits: Tensor = self.get_submodule("1")(x.flatten(1))
        return logits


class _Undifferentiable(Wrapped):
    def forward(self, x: Tensor) -> Tensor:
        return self.logits(x).detach()


def undifferentiable() -> nn.Module:
    return _Undifferentiable()


class _Staircase(Wrapped):
    """Rounded logits: the graph is intact, and every gradient is zero."""

    def forward(self, x: Tensor) -> Tensor:
        logits = self.logits(x)
        return (logits * 1e3).round() / 1e3 + 0 * logits


def staircase(num_classes: int = CLASSES) -> nn.Module:
    return _Staircase(num_classes)


class _Defending(Wrapped):
    """Moves its input before it classifies it, as dynamic defences do."""

    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            inputs = x.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self.logits(inputs).amax(dim=1).sum(), inputs)
        return self.logits(x + 0.001 * gradient.sign())


def defending() -> nn.Module:
    return _Defending()


class _NanWhenPerturbed(Wrapped):
    """Finite logits on 8-bit images only."""

    def forward(self, x: Tensor) -> Tensor:
        off = ((x * 255 - (x * 255).round()).abs() > 1e-3).flatten(1).any(dim=1)
        return torch.where(off[:, None], torch.nan, self.logits(x))


def nan_when_perturbed() -> nn.Module:
    return _NanWhenPerturbed()


class _Slow(Wrapped):
    """Waits at each forward pass for the seconds in the file `slow` of the working folder, where there is one."""

    def forward(self, x: Tensor) -> Tensor:
        with suppress(OSError, ValueError):
            time.sleep(float(Path("slow").read_text()))
        return self.logits(x)


def slow() -> nn.Module:
    return _Slow()


def waiting() -> nn.Module:
    """The slow model; building it takes as long as there is a file `wait` in the working folder."""
    while Path("wait").exists():
        time.sleep(0.02)
    return _Slow()


class _Overflowing(nn.Module):
    """Infinite logits on every image."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = linear()

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.inner(x) / torch.zeros(1)
        return logits


def overflowing() -> nn.Module:
    return nn.Sequential(_Overflowing()).get_submodule("0")


def broken_factory() -> nn.Module:
    raise ValueError("no such width")


def no_module() -> str:
    return "a string"


@dataclass(frozen=True)
class Task:
    """Images [n,3,8,8] in [0,1], labels [n], and the weight matrix [classes,192] of a classifier for them."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    weight: NDArray[np.float32]

    def distances(self, norm: str, weight: NDArray[np.float32] | None = None) -> NDArray[np.float64]:
        """Exact distance of each image to the decision boundary, without the box [0,1]; 0 where misclassified.

        min over j≠y of (z_y − z_j) / ‖w_y − w_j‖ in the dual norm.
        """
        w = (self.weight if weight is None else weight).astype(np.float64)
        x = self.images.reshape(len(self.images), -1).astype(np.float64)
        logits = x @ w.T
        own = w[self.labels][:, None] - w[None]
        lengths = {"Linf": np.abs(own).sum(axis=2), "L2": np.sqrt((own**2).sum(axis=2)), "L1": np.abs(own).max(axis=2)}
        dual = lengths[norm]
        gaps = logits[np.arange(len(x)), self.labels][:, None] - logits
        ratios = np.where(dual > 0, gaps / np.maximum(dual, 1e-300), np.inf)
        nearest: NDArray[np.float64] = np.maximum(ratios.min(axis=1), 0)
        return nearest


def make_task(n: int = 48, classes: int = CLASSES, seed: int = 0) -> Task:
    """Noisy copies of class prototypes around mid-grey, far from 0 and 1, and their linear classifier."""
    random = np.random.default_rng(seed)
    prototypes = random.choice([-1.0, 1.0], size=(classes, FEATURES)).astype(np.float32)
    labels = np.arange(n, dtype=np.int64) % classes
    strength = random.uniform(0.002, 0.05, size=(n, 1))
    noise = random.normal(0, 0.06, size=(n, FEATURES))
    pixels = np.clip(0.5 + strength * prototypes[labels] + noise, 0.2, 0.8).astype(np.float32)
    pixels = (np.round(pixels * 255) / 255).astype(np.float32)
    return Task(pixels.reshape(n, *SHAPE), labels, prototypes)


def as_uint8(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(images * 255).astype(np.uint8)


def module(weight: NDArray[np.float32]) -> nn.Module:
    """The linear classifier with these weights and no bias."""
    network = linear(len(weight))
    layer = network.get_submodule("1")
    assert isinstance(layer, nn.Linear)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight))
        layer.bias.zero_()
    return network


def pruned_weight(weight: NDArray[np.float32], fraction: float, seed: int = 1) -> NDArray[np.float32]:
    """`weight` with a random `fraction` of its entries at exactly zero."""
    kept = np.random.default_rng(seed).random(weight.shape) >= fraction
    return (weight * kept).astype(np.float32)


@dataclass(frozen=True)
class Files:
    """A task on disk: the files that `compare` takes."""

    dense: Path
    pruned: Path
    control: Path
    data: Path
    task: Task

    @property
    def arguments(self) -> list[str]:
        """`compare` and its options for these files, without the interface."""
        return self.arguments_with(ARCH)

    def arguments_with(self, arch: str) -> list[str]:
        """The same with another architecture."""
        return ["compare", str(self.dense), str(self.pruned), "--data", str(self.data), "--arch", arch, "--report"]


def save_weight(path: Path, weight: NDArray[np.float32]) -> Path:
    torch.save({"state_dict": module(weight).state_dict(), "normalization": "none"}, path)
    return path


def write_files(folder: Path, n: int = 48, classes: int = CLASSES) -> Files:
    task = make_task(n, classes)
    data = folder / "data.npz"
    np.savez(data, images=as_uint8(task.images), labels=task.labels, class_names=[f"class {i}" for i in range(classes)])
    return Files(
        dense=save_weight(folder / "dense.pt", task.weight),
        pruned=save_weight(folder / "pruned.pt", pruned_weight(task.weight, 0.2)),
        control=save_weight(folder / "control.pt", (task.weight * np.float32(1.5)).astype(np.float32)),
        data=data,
        task=task,
    )


def as_convolutions(files: Files) -> None:
    """Rewrite the models' files for `convolution`."""
    for path in (files.dense, files.pruned, files.control):
        state = torch.load(path, weights_only=True)["state_dict"]
        torch.save({"0.weight": state["1.weight"].view(-1, *SHAPE), "0.bias": state["1.bias"]}, path)
