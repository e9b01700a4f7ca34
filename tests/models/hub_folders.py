"""Folders as the Hugging Face Hub has them, and a stand-in for timm, which is an optional package."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.safetensors_files import safetensors_bytes

TIMM_CONFIG: dict[str, Any] = {
    "architecture": "some_net.in1k",
    "num_classes": 4,
    "num_features": 6,
    "pretrained_cfg": {
        "input_size": [3, 8, 8],
        "mean": [0.4, 0.5, 0.6],
        "std": [0.2, 0.25, 0.3],
        "first_conv": "stem",
        "classifier": "fc",
    },
}
"""In the layout of timm's `save_config_for_hf`."""


def shard_names(count: int, suffix: str = "safetensors", stem: str = "model") -> list[str]:
    return [f"{stem}-{number:05d}-of-{count:05d}.{suffix}" for number in range(1, count + 1)]


def write_folder(
    folder: Path,
    state: Mapping[str, Tensor],
    config: Mapping[str, object] | None = None,
    shards: int = 1,
    suffix: str = "safetensors",
) -> Path:
    """Write config.json where there is one, and the weights as the Hub's libraries do: in one file or in shards."""
    folder.mkdir(exist_ok=True)
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    stem = "model" if suffix == "safetensors" else "pytorch_model"
    names = [f"{stem}.{suffix}"] if shards == 1 else shard_names(shards, suffix, stem)
    keys = list(state)
    parts = {name: {key: state[key] for key in keys[number::shards]} for number, name in enumerate(names)}
    for name, part in parts.items():
        if suffix == "safetensors":
            (folder / name).write_bytes(safetensors_bytes(part))
        else:
            torch.save(part, folder / name)
    if shards > 1:
        weight_map = {key: name for name, part in parts.items() for key in part}
        (folder / f"{stem}.{suffix}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return folder


class SomeNet(nn.Module):
    """One convolution, ReLU and a linear layer."""

    def __init__(self, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__()
        self.stem = nn.Conv2d(in_chans, 6, 3)
        self.fc = nn.Linear(6, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.fc(self.stem(x).relu().mean(dim=(2, 3)))
        return logits


def some_state(classes: int = 4, channels: int = 3) -> dict[str, Tensor]:
    """Random weights of SomeNet."""
    random = torch.Generator().manual_seed(2)
    shapes = {"stem.weight": (6, channels, 3, 3), "stem.bias": (6,), "fc.weight": (classes, 6), "fc.bias": (classes,)}
    return {name: torch.randn(shape, generator=random) for name, shape in shapes.items()}


def some_logits(state: Mapping[str, Tensor], images: Tensor) -> Tensor:
    """SomeNet as a formula."""
    hidden = torch.nn.functional.conv2d(images, state["stem.weight"], state["stem.bias"]).clamp(min=0).mean(dim=(2, 3))
    return hidden @ state["fc.weight"].T + state["fc.bias"]


def install_timm(monkeypatch: pytest.MonkeyPatch, make: Callable[..., nn.Module] = SomeNet) -> list[tuple[str, object]]:
    """Put a package that behaves as timm into its place; returns the list of its calls."""
    calls: list[tuple[str, object]] = []

    def create_model(name: str, **options: object) -> nn.Module:
        calls.append((name, options))
        return make(**{key: value for key, value in options.items() if key != "pretrained"})

    fake = ModuleType("timm")
    fake.create_model = create_model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timm", fake)
    monkeypatch.setattr("thinice_tui.models.architectures.factories.version", lambda _: "1.0")
    return calls
