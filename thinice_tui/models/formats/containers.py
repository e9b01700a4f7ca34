"""Finds the weights in a file's content, inside the dictionaries and lists of training code."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.candidates import Candidate, candidates, path_of
from thinice_tui.models.formats.choice import CONTAINERS, choose, listed
from thinice_tui.models.formats.file_content import FileContent, ReadOptions
from thinice_tui.models.formats.tensor_values import check_names, plain_tensor
from thinice_tui.models.names import strip_wrappers
from thinice_tui.safe_io.limits import file_size

SHOWN = 8
"""The most keys that an error names."""
MAX_GROWTH, SLACK = 8, 64 * 2**20
"""Weights may take MAX_GROWTH times the file and SLACK bytes in memory: half precision and shared blocks grow."""


def find_weights(
    content: object,
    path: Path,
    form: str,
    options: ReadOptions,
    about: Mapping[str, object] | None = None,
    size: int | None = None,
) -> FileContent:
    """The weights or the network in `content`, at any depth of dictionaries, lists and tuples.

    about: plain data that is known already. size: bytes that hold the weights; None: those of `path`. Raises
    CheckpointError, with what is there, where no weights are found or where it is not clear which are meant.
    """
    found = candidates(content)
    if not found:
        raise CheckpointError(
            f"{path}: no weights found in it (it holds: {_described(content)})",
            "expected a state dict (tensors by the names of parameters), alone or in dictionaries and lists; the "
            "states of optimisers and schedulers, and masks, are none",
        )
    key = options.key or next((key for key in options.prefer if any(one.keys[:1] == (key,) for one in found)), "")
    used = choose(found, key, path)
    rest = [one for one in found if one.keys != used.keys]
    notes = list(_notes(used, rest, options.key))
    state, plain = used.tensors, dict(about or {}) | _beside(used)
    if isinstance(used.content, nn.Module):
        network: nn.Module | None = used.content
    else:
        network = None
        state, more = _plain_state(state, path, size)
        notes += more
    others = tuple(one.path for one in rest)
    return FileContent(form, state, plain, path_of(used.keys), network, tuple(notes), others=others)


def _notes(used: Candidate, rest: Sequence[Candidate], key: str) -> Iterator[str]:
    """Where the weights lay, if that is not usual, and which others there are."""
    if rest:
        why = "as --key says" if key else "--key NAME chooses another"
        yield f"it holds several sets of weights: {listed([used, *rest])}; {used.path} is used ({why})"
    elif any(part not in CONTAINERS for part in used.keys):
        yield f"weights under {used.path}"


def _beside(used: Candidate) -> dict[str, object]:
    """The plain data in the dictionaries around the weights, and among these."""
    found: dict[str, object] = {}
    for key, around in zip(used.keys, used.above, strict=False):
        if isinstance(around, Mapping):
            found |= {str(name): _plain_value(value) for name, value in around.items() if str(name) != key}
        elif isinstance(around, list | tuple):
            found |= {f"[{at}]": value for at, value in enumerate(around) if at != key and isinstance(value, Mapping)}
    if isinstance(used.content, Mapping):
        inside = ((str(name), value) for name, value in used.content.items() if not isinstance(value, Tensor))
        found |= {name: _plain_value(value) for name, value in inside}
    return found


def _plain_state(
    tensors: Mapping[str, Tensor], path: Path, held: int | None
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Tensors by name without second copies, floating ones as float32; and what was done, in words."""
    check_names(tensors, path)
    claimed = sum(4 * value.numel() for value in tensors.values())
    size = file_size(path, CheckpointError) if held is None else held
    if claimed > MAX_GROWTH * size + SLACK:
        raise CheckpointError(
            f"{path}: its tensors claim {claimed:,} bytes, but the file holds {size:,}: it is made up",
            "copy or download it again",
        )
    single, doubled = drop_second_copy({key: plain_tensor(key, value, path) for key, value in tensors.items()})
    notes = (f"it holds every weight twice; the copy under {doubled} was dropped",) if doubled else ()
    return single, notes


def drop_second_copy(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """The tensors without the second copy of a model that a wrapper holds twice, and that copy's prefix.

    In the files of Li et al. 2020, `feature` and `classifier` are also `model.0` and `model.3`. A copy is dropped only
    where each tensor under `model.` equals one outside it, in the same order.
    """
    plain, wrapper = strip_wrappers(state)
    twin = f"{wrapper}model."
    copies = [key for key in plain if key.startswith("model.")]
    own = [key for key in plain if not key.startswith("model.")]
    if not copies or len(copies) != len(own):
        return dict(state), ""
    pairs = zip(own, copies, strict=True)
    if not all(a.rpartition(".")[2] == b.rpartition(".")[2] and torch.equal(plain[a], plain[b]) for a, b in pairs):
        return dict(state), ""
    return {key: value for key, value in state.items() if not key.startswith(twin)}, twin


def _plain_value(value: object) -> object:
    """Namespaces and NumPy's numbers as plain data; any other value unchanged."""
    if isinstance(value, argparse.Namespace):
        return {str(key): _plain_value(item) for key, item in vars(value).items()}
    return value.item() if isinstance(value, np.generic) else value


def _described(content: object) -> str:
    if isinstance(content, Mapping):
        return ", ".join(sorted(str(key)[:40] for key in content)[:SHOWN]) or "nothing"
    return type(content).__name__
