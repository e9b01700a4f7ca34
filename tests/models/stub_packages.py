"""Stand-ins for packages that are not installed where the tests run: timm and robustbench, as folders on the path."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

TIMM = """
from types import SimpleNamespace

from torch import nn

asked = []


class Vit(nn.Module):
    def __init__(self, img_size, num_classes, in_chans, patch=4, width=8):
        super().__init__()
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(in_chans, width, patch, patch)
        self.cls_token = nn.Parameter(nn.init.zeros_(nn.Parameter(__import__("torch").empty(1, 1, width))))
        self.pos_embed = nn.Parameter(__import__("torch").zeros(1, (img_size // patch) ** 2 + 1, width))
        self.head = nn.Linear(width, num_classes)

    def forward(self, x):
        tokens = self.patch_embed.proj(x).flatten(2).transpose(1, 2)
        tokens = __import__("torch").cat([self.cls_token.expand(len(x), -1, -1), tokens], dim=1) + self.pos_embed
        return self.head(tokens.relu().mean(dim=1))


class Convolutions(nn.Module):
    def __init__(self, num_classes, in_chans):
        super().__init__()
        self.conv_stem = nn.Conv2d(in_chans, 6, 3, bias=False)
        self.blocks = nn.Conv2d(6, 6, 3, groups=6, bias=False)
        self.classifier = nn.Linear(6, num_classes)
        self.squeeze = nn.Linear(6, 6)

    def forward(self, x):
        out = self.blocks(self.conv_stem(x).relu()).relu().mean(dim=(2, 3))
        return self.classifier(self.squeeze(out))


def get_pretrained_cfg(name, allow_unregistered=True):
    return SimpleNamespace(first_conv="conv_stem", classifier="classifier") if name == "named" else None


def create_model(name, pretrained=True, **options):
    asked.append((name, {"pretrained": pretrained, **options}))
    if name == "vit":
        return Vit(options.pop("img_size", 224), **options)
    return Convolutions(**options)
"""
ROBUSTBENCH = """
import urllib.request
from collections import OrderedDict
from enum import Enum

import torch
from torch import nn


class Data(Enum):
    cifar_10 = "cifar10"
    imagenet = "imagenet"


class Threat(Enum):
    Linf = "Linf"
    L2 = "L2"


class Net(nn.Module):
    def __init__(self, slope=1.0):
        super().__init__()
        self.slope = slope
        self.conv = nn.Conv2d(3, 6, 3, stride=2)
        self.bn = nn.BatchNorm2d(6)
        self.fc = nn.Linear(6, 5)

    def forward(self, x):
        return self.fc(self.slope * self.bn(self.conv(x)).relu().mean(dim=(2, 3)))


class Normalizing(Net):
    def __init__(self):
        super().__init__()
        self.register_buffer("mu", torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1))
        self.register_buffer("sigma", torch.tensor([0.2, 0.3, 0.4]).view(1, 3, 1, 1))

    def forward(self, x):
        return super().forward((x - self.mu) / self.sigma)


class Hidden(Net):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor([0.2, 0.3, 0.4]).view(1, 3, 1, 1), persistent=False)

    def forward(self, x):
        return super().forward((x - self.mean) / self.std)


class Normalizer(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.2, 0.3, 0.4]).view(1, 3, 1, 1))

    def forward(self, x):
        return (x - self.mean) / self.std


def downloads():
    urllib.request.urlopen("http://192.0.2.1/weights.pt", timeout=1)


def wrapped():
    return nn.Sequential(OrderedDict([("normalize", Normalizer()), ("model", Net())]))


entries = {
    "Plain2020": {"model": lambda: Net(), "gdrive_id": "a"},
    "Normal2020": {"model": Normalizing, "gdrive_id": "b"},
    "Online2020": {"model": downloads, "gdrive_id": None},
    "Broken2020": {"model": lambda: Net(depth=1), "gdrive_id": "c"},
}
others = {"Steep2020": {"model": lambda: Net(2.0)}, "Hidden2020": {"model": Hidden}}
model_dicts = OrderedDict([
    (Data.cifar_10, OrderedDict([(Threat.Linf, entries), (Threat.L2, others)])),
    (Data.imagenet, OrderedDict([(Threat.Linf, {"Wrapped2020": {"model": wrapped}})])),
])
"""
MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.3, 0.4)
"""The normalisation of the stub's entries that have one."""


@contextmanager
def stub(folder: Path, name: str, code: str, version: str = "1.0") -> Iterator[None]:
    """Put a package of that name and version first on the path, with `code` as itself and as its `model_zoo`."""
    package = folder / name
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("" if name == "robustbench" else code)
    (package / "model_zoo.py").write_text(code)
    about = folder / f"{name}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for module in [module for module in sys.modules if module.partition(".")[0] == name]:
            del sys.modules[module]


def zoo_state(seed: int = 0) -> dict[str, Tensor]:
    """Random values under the names of the stub's networks."""
    draw = torch.Generator().manual_seed(seed)
    state = {"conv.weight": torch.randn(6, 3, 3, 3, generator=draw) / 5, "conv.bias": torch.randn(6, generator=draw)}
    state |= {f"bn.{name}": 0.5 + torch.rand(6, generator=draw) for name in ("weight", "bias", "running_mean")}
    state |= {"bn.running_var": 0.5 + torch.rand(6, generator=draw), "bn.num_batches_tracked": torch.tensor(1)}
    return state | {"fc.weight": torch.randn(5, 6, generator=draw), "fc.bias": torch.randn(5, generator=draw)}


def zoo_logits(s: dict[str, Tensor], x: Tensor, slope: float = 1.0, normalized: bool = False) -> Tensor:
    """The logits of the stub's networks for images in [0,1], by their formula."""
    if normalized:
        x = (x - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)
    x = F.conv2d(x, s["conv.weight"], s["conv.bias"], stride=2)
    x = F.batch_norm(x, s["bn.running_mean"], s["bn.running_var"], s["bn.weight"], s["bn.bias"])
    return F.linear(slope * F.relu(x).mean(dim=(2, 3)), s["fc.weight"], s["fc.bias"])
