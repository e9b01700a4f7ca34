"""Finds the weights in a file's content: inside dictionaries of training code, under prefixes of wrappers."""

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.file_content import FileContent, ReadOptions
from thinice_tui.safe_io.limits import file_size

CONTAINERS = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "net",
    "model",
    "network",
    "params",
    "weights",
    "ema",
    "ema_state_dict",
    "state_dict_ema",
    "model_ema",
)
"""Keys under which training code saves weights; the trained ones come before their moving average."""
PREFIXES = ("module.", "model.", "_orig_mod.", "basic_model.", "net.", "network.")
"""Prefixes of names by DataParallel, torch.compile, attack and normalisation wrappers, and RADMM."""
DEPTH = 3
"""The most containers inside one another that are opened."""
SHOWN = 8
"""The most keys that an error names."""
MAX_GROWTH, SLACK = 8, 64 * 2**20
"""Weights may take MAX_GROWTH times the file and SLACK bytes in memory: half precision and shared blocks grow."""


def find_weights(
    content: object, path: Path, form: str, options: ReadOptions, about: Mapping[str, object] | None = None
) -> FileContent:
    """Unwrap dictionaries and prefixes until there are tensors by name.

    about: plain data that is known already. Raises CheckpointError, with what is there, where no weights are found.
    """
    keys: list[str] = []
    found: dict[str, object] = dict(about or {})
    for _ in range(DEPTH + 1):
        if isinstance(content, nn.Module):
            return FileContent(form, dict(content.state_dict()), found, ".".join(keys), content)
        if not isinstance(content, Mapping):
            break
        inner = next((key for key in (*options.prefer, *CONTAINERS) if _holds_weights(content.get(key))), None)
        if inner is None:
            if not _is_state(content):
                break
            state, notes = _plain_state(content, path)
            return FileContent(form, state, found, ".".join(keys), notes=notes)
        found |= {str(key): _plain_value(value) for key, value in content.items() if key != inner}
        keys.append(inner)
        content = content[inner]
    raise CheckpointError(
        f"{path}: no weights found in it (it holds: {_described(content)})",
        f"expected a state dict, alone or under one of {', '.join(CONTAINERS)}",
    )


def _plain_state(content: Mapping[object, object], path: Path) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Tensors by name without prefixes and second copies, floating ones as float32; and what was done, in words."""
    tensors = {str(key): value for key, value in content.items() if isinstance(value, Tensor)}
    claimed = sum(4 * value.numel() for value in tensors.values())
    size = file_size(path, CheckpointError)
    if claimed > MAX_GROWTH * size + SLACK:
        raise CheckpointError(
            f"{path}: its tensors claim {claimed:,} bytes, but the file holds {size:,}: it is made up",
            "copy or download it again",
        )
    plain, prefix = strip_prefixes(tensors)
    single, doubled = drop_second_copy(plain)
    notes = [f"prefix {prefix} dropped"] if prefix else []
    notes += [f"it holds every weight twice; the copy under {doubled} was dropped"] if doubled else []
    return {key: _widened(value) for key, value in single.items()}, tuple(notes)


def _widened(value: Tensor) -> Tensor:
    value = value.detach()
    if value.is_sparse:
        value = value.to_dense()
    return value.float() if value.is_floating_point() else value


def strip_prefixes(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """The tensors without the wrappers' prefixes that all names have, and the prefixes that were dropped.

    Normalisation buffers of a wrapper (`normalize.mean`) have no such prefix and keep their names.
    """
    plain, dropped = dict(state), ""
    while True:
        kept = {key: value for key, value in plain.items() if not is_normalization(key)}
        prefix = next((p for p in PREFIXES if kept and all(key.startswith(p) for key in kept)), "")
        if not prefix:
            return plain, dropped
        plain = {key.removeprefix(prefix): value for key, value in plain.items()}
        dropped += prefix


def is_normalization(key: str) -> bool:
    """Whether `key` names the mean or std of a normalisation, at the top or in a layer of that name."""
    layer, _, name = key.rpartition(".")
    return name in ("mean", "std") and layer.rpartition(".")[2] in (
        "", "normalize", "normalise", "normalizer", "normalization", "norm", "normalize_layer",
    )  # fmt: skip


def drop_second_copy(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """The tensors without the second copy of a model that a wrapper holds twice, and that copy's prefix.

    In the files of Li et al. 2020, `feature` and `classifier` are also `model.0` and `model.3`. A copy is dropped only
    where each tensor under `model.` equals one outside it, in the same order.
    """
    copies = [key for key in state if key.startswith("model.")]
    own = [key for key in state if not key.startswith("model.")]
    if not copies or len(copies) != len(own):
        return dict(state), ""
    pairs = zip(own, copies, strict=True)
    if not all(a.rpartition(".")[2] == b.rpartition(".")[2] and torch.equal(state[a], state[b]) for a, b in pairs):
        return dict(state), ""
    return {key: state[key] for key in own}, "model."


def _holds_weights(value: object) -> bool:
    if isinstance(value, nn.Module) or _is_state(value):
        return True
    return isinstance(value, Mapping) and any(_holds_weights(value.get(key)) for key in CONTAINERS)


def _is_state(value: object) -> bool:
    """Whether most of its entries are tensors by name; `_metadata` or a version may be among them."""
    if not isinstance(value, Mapping):
        return False
    tensors = [key for key, item in value.items() if isinstance(item, Tensor) and isinstance(key, str)]
    return len(tensors) > 0 and 2 * len(tensors) > len(value)


def _plain_value(value: object) -> object:
    """Namespaces and NumPy's numbers as plain data; any other value unchanged."""
    if isinstance(value, argparse.Namespace):
        return {str(key): _plain_value(item) for key, item in vars(value).items()}
    return value.item() if isinstance(value, np.generic) else value


def _described(content: object) -> str:
    if isinstance(content, Mapping):
        return ", ".join(sorted(str(key)[:40] for key in content)[:SHOWN]) or "nothing"
    return type(content).__name__
