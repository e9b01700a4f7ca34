"""Where in a file's content the weights are, and under which names: wrappers' dictionaries and prefixes undone."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError

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
"""Keys under which training code saves weights, the trained ones before their moving average."""
PREFIXES = ("module.", "model.", "_orig_mod.", "basic_model.", "net.", "network.")
"""What wrappers put before every name: DataParallel, torch.compile, attack and normalisation wrappers, RADMM's."""
DEPTH = 3
"""Containers inside one another, at most."""
SHOWN = 8
SLACK = 64 * 2**20
"""Bytes that weights may take in memory beyond eight times the file: half precision and shared blocks grow."""


@dataclass(frozen=True)
class Found:
    """container: the keys that lead to the weights, joined by a dot; about: what plain data lies beside them."""

    container: str
    state: dict[str, Tensor]
    about: dict[str, object]
    network: nn.Module | None
    """A whole module instead of a state dict (only ever from a trusted pickle)."""
    notes: tuple[str, ...]


def find_weights(content: object, path: Path) -> Found:
    """Unwrap dictionaries and prefixes until there are tensors by name; raises CheckpointError with what there is."""
    keys: list[str] = []
    about: dict[str, object] = {}
    for _ in range(DEPTH + 1):
        if isinstance(content, nn.Module):
            return Found(".".join(keys), dict(content.state_dict()), about, content, ())
        if not isinstance(content, Mapping):
            break
        inner = next((key for key in CONTAINERS if _holds_weights(content.get(key))), None)
        if inner is None:
            if not _is_state(content):
                break
            return _found(".".join(keys), content, about, path)
        about |= {str(key): _plain(value) for key, value in content.items() if key != inner}
        keys.append(inner)
        content = content[inner]
    raise CheckpointError(
        f"{path}: no weights found in it (it holds: {_described(content)})",
        f"expected a state dict, alone or under one of {', '.join(CONTAINERS)}",
    )


def _found(container: str, content: Mapping[object, object], about: dict[str, object], path: Path) -> Found:
    tensors = {str(key): value for key, value in content.items() if isinstance(value, Tensor)}
    claimed = sum(4 * value.numel() for value in tensors.values())
    size = path.stat().st_size
    if claimed > 8 * size + SLACK:
        raise CheckpointError(
            f"{path}: its tensors claim {claimed:,} bytes, but the file holds {size:,}: it is made up",
            "copy or download it again",
        )
    plain, prefix = strip_prefixes(tensors)
    single, doubled = without_twins(plain)
    notes = [f"prefix {prefix} dropped"] if prefix else []
    notes += [f"every weight is in it twice, under {doubled}, too"] if doubled else []
    return Found(container, {key: _widened(value) for key, value in single.items()}, about, None, tuple(notes))


def _widened(value: Tensor) -> Tensor:
    value = value.detach()
    if value.is_sparse:
        value = value.to_dense()
    return value.float() if value.is_floating_point() else value


def strip_prefixes(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """Drop wrapper prefixes that every key carries, repeatedly; the names that are left, and what was dropped.

    Normalisation buffers of a wrapper (`normalize.mean`) lie beside its model: they keep their names.
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
    """Whether a name is that of a normalisation's buffer, at the top or in a layer of that name."""
    layer, _, name = key.rpartition(".")
    return name in ("mean", "std") and layer.rpartition(".")[2] in (
        "", "normalize", "normalise", "normalizer", "normalization", "norm", "normalize_layer",
    )  # fmt: skip


def without_twins(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """Without the second copy of a model that a wrapper holds twice, and the prefixes of that copy.

    Such as Li et al. 2020: `feature` and `classifier` are also `model.0` and `model.3`. Only where each tensor under
    `model.` equals one outside it, in the same order.
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
    """Whether it is tensors by name; a few plain entries among them (`_metadata`, a version) do no harm."""
    if not isinstance(value, Mapping):
        return False
    tensors = [key for key, item in value.items() if isinstance(item, Tensor) and isinstance(key, str)]
    return len(tensors) > 0 and 2 * len(tensors) > len(value)


def _plain(value: object) -> object:
    """Arguments and NumPy's numbers as plain data; all else as it is."""
    if isinstance(value, argparse.Namespace):
        return {str(key): _plain(item) for key, item in vars(value).items()}
    return value.item() if isinstance(value, np.generic) else value


def _described(content: object) -> str:
    if isinstance(content, Mapping):
        return ", ".join(sorted(str(key)[:40] for key in content)[:SHOWN]) or "nothing"
    return type(content).__name__
