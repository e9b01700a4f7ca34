"""Finds every set of weights in a file's content, whatever the dictionaries, lists and tuples around it."""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.models.names import strip_wrappers

DEPTH = 8
"""The most keys that may lead to weights."""
VISITED = 100_000
"""The most dictionaries, lists and tuples that are looked into, the outermost first: logs can have millions."""
MOST = 1000
"""The most sets of weights that are found: logs can have a dictionary of tensors for every step."""
TOP = "."
"""What `--key` calls the tensors at the top of a file."""
EMPTY = "''"
_OPTIMIZER = ("optimizer", "optimiser")
_TRAINING = {"optim", "opt", "scheduler", "schedulers", "sched", "scaler", "amp", "grad", "grads", "gradients", "rng"}
_MASKS = re.compile(r"(.*_)?masks?(_(dict|info|state|state_dict))?")
_PER_PARAMETER = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq", "exp_inf", "momentum_buffer", "square_avg", "acc_delta"}
"""What optimisers keep for a parameter."""
_MATRIX = re.compile(r"(.*\.)?(weight|weight_orig|original|in_proj_weight)")
"""Names that weights of convolutions and linear layers have."""
HOLDERS = (Tensor, Mapping, list, tuple, nn.Module)
"""What weights are, or can lie in."""

Key = str | int


@dataclass(frozen=True)
class Candidate:
    """A set of weights, or a whole network, and the keys and list positions that lead to it."""

    keys: tuple[Key, ...]
    content: Mapping[object, object] | nn.Module
    above: tuple[object, ...]
    """What it lies in: the content at each of its keys but the last."""

    @property
    def path(self) -> str:
        """The keys, joined by dots: `runs[0].best.weights`; `.` for the top of the file."""
        return path_of(self.keys) or TOP

    @property
    def tensors(self) -> dict[str, Tensor]:
        """By name. Entries that are no tensors are left out."""
        content = self.content.state_dict() if isinstance(self.content, nn.Module) else self.content
        return {str(key): value for key, value in content.items() if isinstance(value, Tensor)}

    def described(self) -> str:
        """`model_ema (62 tensors)`."""
        what = type(self.content).__name__ if isinstance(self.content, nn.Module) else f"{len(self.tensors)} tensors"
        return f"{self.path} ({what})"

    @property
    def has_matrices(self) -> bool:
        """Whether it has tensors of two dimensions or more, as every classifier has."""
        return isinstance(self.content, nn.Module) or any(value.ndim > 1 for value in self.tensors.values())

    @property
    def has_weights(self) -> bool:
        """Whether tensors of two dimensions or more have the names of weights."""
        if isinstance(self.content, nn.Module):
            return True
        return any(value.ndim > 1 and _MATRIX.fullmatch(key) for key, value in self.tensors.items())

    def under(self, prefix: str) -> "Candidate | None":
        """The tensors whose names start with `prefix` and a dot, without these; None: there are none."""
        part: dict[object, object] = {
            key.removeprefix(f"{prefix}."): value for key, value in self.tensors.items() if key.startswith(f"{prefix}.")
        }
        return Candidate((*self.keys, prefix), part, self.above) if part else None

    def same_layers(self, other: "Candidate") -> bool:
        """Whether most layers of one have the names of layers of the other: two versions of one network."""
        mine, theirs = _layers(self.tensors), _layers(other.tensors)
        return 2 * len(mine & theirs) > min(len(mine), len(theirs))

    def same_tensors(self, other: "Candidate") -> bool:
        """Whether both hold equal tensors under equal names."""
        if isinstance(self.content, nn.Module) or isinstance(other.content, nn.Module):
            return self.content is other.content
        mine, theirs = self.tensors, other.tensors
        return mine.keys() == theirs.keys() and all(_equal(mine[key], theirs[key]) for key in mine)


def candidates(content: object) -> list[Candidate]:
    """Every network and every set of weights in `content`, the outermost first.

    Sets without a tensor of two dimensions count only where there are no others. The states of optimisers and
    schedulers, and masks, are none. Nothing is looked into twice, so that content may hold itself.
    """
    found: list[Candidate] = []
    small: list[Candidate] = []
    queue: deque[tuple[tuple[Key, ...], object, tuple[object, ...]]] = deque([((), content, ())])
    seen: set[int] = set()
    while queue and len(seen) < VISITED and len(found) < MOST:
        keys, value, above = queue.popleft()
        if isinstance(value, nn.Module) or (isinstance(value, Mapping) and _is_state(value, nested=bool(keys))):
            candidate = Candidate(keys, value, above)
            (found if candidate.has_matrices else small).append(candidate)
        if id(value) in seen:
            continue
        seen.add(id(value))
        if len(keys) < DEPTH and not _is_optimizer(value):
            inside = (*above, value)
            queue.extend(((*keys, key), item, inside) for key, item in _items(value) if not _never_weights(key))
    return found or small


def path_of(keys: tuple[Key, ...]) -> str:
    """Keys joined by dots, positions in brackets; an empty key is `''`."""
    steps = (f"[{key}]" if isinstance(key, int) else f".{key or EMPTY}" for key in keys)
    return "".join(steps).removeprefix(".")


def is_masks(key: object) -> bool:
    """Whether a dictionary under this key holds masks."""
    return _MASKS.fullmatch(str(key).lower()) is not None


def _items(value: object) -> Iterator[tuple[Key, object]]:
    """The entries that can hold weights: records of plain numbers, of which logs have many, cannot."""
    if isinstance(value, Mapping):
        pairs: Iterator[tuple[Key, object]] = ((str(key), item) for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        pairs = iter(enumerate(value))
    else:
        return
    for key, item in pairs:
        inner = item.values() if isinstance(item, Mapping) else item if isinstance(item, (list, tuple)) else ()
        if isinstance(item, nn.Module) or any(isinstance(part, HOLDERS) for part in inner):
            yield key, item


def _never_weights(key: Key) -> bool:
    if isinstance(key, int):
        return False
    words = set(re.split(r"[^a-z]+", key.lower()))
    return any(part in key.lower() for part in _OPTIMIZER) or bool(words & _TRAINING) or is_masks(key)


def _is_optimizer(value: object) -> bool:
    return isinstance(value, Mapping) and "param_groups" in value and "state" in value


def _is_state(value: Mapping[object, object], nested: bool) -> bool:
    """Whether most entries are tensors by name, or some are weights; `_metadata` or a version may be among them."""
    tensors = [key for key, item in value.items() if isinstance(item, Tensor) and isinstance(key, str)]
    if not tensors or _PER_PARAMETER & set(tensors) or (nested and _only_masks(value)):
        return False
    return 2 * len(tensors) > len(value) or any(key.endswith(".weight") for key in tensors)


def _only_masks(value: Mapping[object, object]) -> bool:
    """Whether all are matrices and kernels of zeros and ones, and not only of zeros: masks, whatever the key."""
    tensors = [item for item in value.values() if isinstance(item, Tensor)]
    if not all(item.ndim > 1 and _is_held(item) and not item.is_complex() for item in tensors):
        return False
    once = {(item.data_ptr(), item.numel()): item for item in tensors}.values()  # a tensor can have many names
    return all(map(_is_binary, once)) and any(bool(item.float().any()) for item in once)


def _is_binary(value: Tensor) -> bool:
    numbers = value.float()  # not all types can be compared
    return bool(((numbers == 0) | (numbers == 1)).all())


def _layers(tensors: Mapping[str, Tensor]) -> set[str]:
    return {key.rpartition(".")[0] or key for key in strip_wrappers(tensors)[0]}


def _equal(one: Tensor, other: Tensor) -> bool:
    """Whether both are equal; only plain tensors whose numbers the file holds are looked into."""
    if (one.shape, one.dtype) != (other.shape, other.dtype) or not _is_held(one) or not _is_held(other):
        return False
    return bool(torch.equal(one, other))


def _is_held(value: Tensor) -> bool:
    plain = value.layout is torch.strided and not value.is_nested and not value.is_meta and not value.is_quantized
    return plain and value.numel() * value.element_size() <= value.untyped_storage().nbytes()
