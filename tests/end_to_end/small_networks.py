"""Small convolutional networks on disk, in every form that `compare` takes; attacking them takes a moment."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

CLASSES, SIDE = 6, 8
ARCH = "known architecture"
FACTORY = "--arch"
MODULE = "whole module"
KINDS = (ARCH, FACTORY, MODULE)
FACTORY_FILE = """
import torch
from torch import nn


def build(num_classes: int = {classes}) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d({channels}, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(32, num_classes),
    )
"""


class _Block(nn.Module):
    """A pre-activation block with the parameter names of `preact_resnet8`, written independently of it."""

    def __init__(self, ins: int, outs: int, stride: int) -> None:
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(ins), nn.Conv2d(ins, outs, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(outs), nn.Conv2d(outs, outs, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(ins, outs, 1, stride, bias=False) if stride != 1 or ins != outs else None

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.bn1(x))
        skip = x if self.shortcut is None else self.shortcut(active)
        found: Tensor = self.conv2(F.relu(self.bn2(self.conv1(active)))) + skip
        return found


class SmallResNet(nn.Module):
    """`preact_resnet8` with an eighth of its width."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(channels, 4, 3, 2, 1, bias=False)
        self.layer1, self.layer2, self.layer3 = _Block(4, 4, 1), _Block(4, 8, 2), _Block(8, 16, 2)
        self.bn, self.fc = nn.BatchNorm2d(16), nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        out = self.layer3(self.layer2(self.layer1(self.stem(x))))
        logits: Tensor = self.fc(F.relu(self.bn(out)).mean(dim=(2, 3)))
        return logits


@dataclass(frozen=True)
class SmallFiles:
    """A dense model, its pruned version, a control and data on disk, and the networks themselves.

    options: what `compare` needs to load them; networks: by file name; images: float32 [n,C,8,8]; labels: [n].
    """

    folder: Path
    options: tuple[str, ...]
    networks: dict[str, nn.Module]
    images: NDArray[np.float32]
    labels: NDArray[np.int64]


def write_small_files(folder: Path, kind: str, channels: int, names: Sequence[str] = ()) -> SmallFiles:
    """dense.pt, pruned.pt, control.pt (or `names`, the first one dense), data.npz and mynet.py in `folder`.

    The labels are the dense model's predictions, except for every eighth sample. Samples near its boundary and samples
    far from it alternate.
    """
    torch.manual_seed(3)
    factory = FACTORY_FILE.format(classes=CLASSES, channels=channels)
    (folder / "mynet.py").write_text(factory)
    inside: dict[str, object] = {}
    exec(factory, inside)
    build = inside["build"]
    assert callable(build)
    names = names or ("dense.pt", "pruned.pt", "control.pt")
    dense: nn.Module = SmallResNet(channels) if kind == ARCH else build()
    random = np.random.default_rng(0)
    pixels = random.integers(40, 216, (200, channels, SIDE, SIDE), dtype=np.uint8)
    _calibrate(dense, torch.from_numpy(pixels / np.float32(255)))
    far = np.argsort(_distances(dense, torch.from_numpy(pixels / np.float32(255))))
    pixels = pixels[
        np.stack([far[:12], far[:-13:-1]], axis=1).ravel()
    ]  # near the boundary and far from it, alternating
    images = (pixels / np.float32(255)).astype(np.float32)
    networks = {name: _changed(dense, number) for number, name in enumerate(names)}
    with torch.no_grad():
        labels = networks[names[0]](torch.from_numpy(images)).argmax(dim=1).numpy()
    labels[7::8] = (labels[7::8] + 1) % CLASSES
    np.savez(folder / "data.npz", images=pixels, labels=labels)
    for name, network in networks.items():
        about = {"arch": "preact_resnet8"} if kind == ARCH else {}
        stored = {"state_dict": network.state_dict(), "normalization": "none", "dataset": "data.npz", **about}
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        torch.save(network if kind == MODULE else stored, folder / name)
    options = {ARCH: (), FACTORY: ("--arch", "mynet.py:build"), MODULE: ("--trust-pickle", "--normalize", "none")}
    return SmallFiles(folder, (*options[kind], "--data", "data.npz"), networks, images, labels)


def _calibrate(network: nn.Module, images: Tensor) -> None:
    """Set the batch statistics of these images, and scale the last layer so that logits differ between images."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    network.train()
    with torch.no_grad():
        network(images)
        network.eval()
        last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
        logits = network(images)
        last.bias.sub_(logits.mean(dim=0)).mul_(3)
        last.weight.mul_(3)


def _distances(network: nn.Module, images: Tensor) -> NDArray[np.float32]:
    """The approximate distance of each image to the decision boundary: margin over gradient norm, [n]."""
    inputs = images.clone().requires_grad_()
    ordered = network(inputs).sort(dim=1).values
    margins = ordered[:, -1] - ordered[:, -2]
    (gradient,) = torch.autograd.grad(margins.sum(), inputs)
    found: NDArray[np.float32] = (margins / gradient.flatten(1).norm(dim=1)).detach().numpy()
    return found


def _changed(dense: nn.Module, number: int) -> nn.Module:
    """Number 0: the dense network; odd: with 30 % of its weights zero; even: with a little noise on its weights."""
    network = copy.deepcopy(dense)
    with torch.no_grad():
        for weight in (parameter for parameter in network.parameters() if parameter.dim() > 1):
            if number and number % 2:
                weight.mul_(weight.abs() >= weight.abs().flatten().quantile(0.3))
            elif number:
                weight.add_(0.01 * weight.std() * torch.randn(weight.shape, generator=torch.manual_seed(number)))
    return network.eval()
