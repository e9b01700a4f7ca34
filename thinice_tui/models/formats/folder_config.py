"""The config.json of a Hugging Face folder: which network its weights are for, and how that normalises images.

Layouts: timm's `save_config_for_hf` ({architecture, num_classes, pretrained_cfg: {mean, std, …}, model_args}, or all of
these in one dict), transformers' `PretrainedConfig` ({architectures, model_type, auto_map}).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from thinice_tui.errors import CheckpointError, reason
from thinice_tui.safe_io.limits import file_size
from thinice_tui.safe_io.printable import printable

NAME = "config.json"
MAX_BYTES = 16 * 2**20
"""The largest JSON file that is read; one with 20,000 class names takes a tenth of it."""
_AGAIN = "copy or download it again"
TIMM_NAME = re.compile(r"\w+(\.\w+)?")
"""timm's names; those of other sources (`hf-hub:…`) would be downloaded."""
BY_SHAPES = frozenset({"num_classes", "in_chans", "img_size", "pretrained", "global_pool"})
"""Arguments of timm's factories that the weights' shapes tell, or that choose no other network."""


@dataclass(frozen=True)
class FolderConfig:
    """arch: `timm:NAME` or empty; needs_arch: why only the user can say it; about: plain data for the file's; sizes:
    num_classes and in_chans of the architecture."""

    arch: str = ""
    needs_arch: str = ""
    about: Mapping[str, object] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    first_conv: str = ""
    """The name of the first convolution, whose weight tells in_chans better than `sizes`; empty: not said."""


def read_config(folder: Path) -> FolderConfig:
    """What the config.json in `folder` says, where there is one; raises CheckpointError for damaged ones."""
    path = folder / NAME
    if not path.exists():
        return FolderConfig()
    config = read_json(path)
    if config.get("auto_map"):
        return FolderConfig(
            "", f"its {NAME} has `auto_map`: the network is code of a repository, which is not run here"
        )
    name, classes = config.get("architecture"), config.get("architectures")
    if isinstance(name, str):
        return _timm(name, config)
    if isinstance(classes, list) and classes:
        shown = printable(str(classes[0])[:80])
        return FolderConfig("", f"its {NAME} names the transformers network {shown}", {"arch": shown})
    return FolderConfig()


def _timm(name: str, config: Mapping[str, object]) -> FolderConfig:
    if not TIMM_NAME.fullmatch(name):
        shown = printable(name[:80])
        return FolderConfig(needs_arch=f"its {NAME} names the architecture {shown!r}, which is no name of timm's")
    inner = config.get("pretrained_cfg")
    details: Mapping[str, object] = inner if isinstance(inner, Mapping) else config
    size = details.get("input_size")
    stated = {
        "num_classes": config.get("num_classes", details.get("num_classes")),
        "in_chans": size[0] if isinstance(size, list) and size else None,
    }
    sizes = {key: value for key, value in stated.items() if type(value) is int and value > 0}
    about: dict[str, object] = {"arch": f"timm:{name}", "timm": name}
    about |= {key: value for key, value in sizes.items() if key == "num_classes"}
    if details.get("mean") is not None and details.get("std") is not None:
        about["normalization"] = {"name": NAME, "mean": details["mean"], "std": details["std"]}
    arguments = config.get("model_args")
    others = sorted(set(arguments) - BY_SHAPES) if isinstance(arguments, Mapping) else []
    if others:
        what = f"its {NAME} builds timm's {name} with {', '.join(printable(str(key)[:40]) for key in others[:3])}"
        return FolderConfig("", what, about)
    first = details.get("first_conv")
    return FolderConfig(f"timm:{name}", "", about, sizes, first if isinstance(first, str) else "")


def read_json(path: Path) -> dict[str, object]:
    """The object in a JSON file; raises CheckpointError where it is none, or larger than MAX_BYTES."""
    size = file_size(path, CheckpointError)
    if size > MAX_BYTES:
        raise CheckpointError(f"{path}: is {size:,} bytes of JSON, expected at most {MAX_BYTES:,}", "is it the file?")
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: cannot be read as JSON ({reason(error)})", _AGAIN) from error
    if not isinstance(found, dict):
        raise CheckpointError(f"{path}: is no JSON object", _AGAIN)
    return found
