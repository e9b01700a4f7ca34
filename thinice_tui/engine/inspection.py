"""What a checkpoint holds and what this machine has, without attacking anything."""

import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch

from thinice_tui import __version__
from thinice_tui.engine.plan import RunModel
from thinice_tui.models.load import load_model
from thinice_tui.runfile.records import ModelRecord

SHOWN = ("dataset", "class_names", "recipe", "seed", "measured", "epoch", "num_classes")


@dataclass(frozen=True)
class Inspection:
    """A model's record, and what its file says of itself, as (name, value)."""

    record: ModelRecord
    facts: tuple[tuple[str, object], ...]


def inspect_models(paths: Sequence[Path], arch: str, normalize: str) -> Iterator[Inspection]:
    """Load each checkpoint as `compare` would; raises ThiniceError at the first that cannot be."""
    for path in paths:
        model = load_model(path, arch, normalize)
        checkpoint = model.checkpoint
        facts: list[tuple[str, object]] = [("bytes", path.stat().st_size)]
        facts += [("weights under", checkpoint.container or None), ("sha256", checkpoint.sha256)]
        facts += [(key, checkpoint.about[key]) for key in SHOWN if key in checkpoint.about]
        yield Inspection(RunModel("dense", path.stem, model).record(), tuple(facts))


def environment() -> tuple[tuple[str, str], ...]:
    """Versions and devices, as (name, value)."""
    packages = ("torch", "torchattacks", "numpy", "scipy", "rich", "typer", "plotext")
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return (
        ("thinice-tui", __version__),
        ("python", f"{platform.python_version()} on {platform.platform()}"),
        *((name, version(name)) for name in packages),
        ("cpu threads", str(torch.get_num_threads())),
        ("gpus", ", ".join(gpus) or "none"),
    )
