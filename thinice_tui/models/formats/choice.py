"""Chooses one of several sets of weights in a file: by the user's key, else by the names of the keys."""

import re
from collections.abc import Sequence
from pathlib import Path

from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.candidates import TOP, Candidate, Key

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
_SECONDARY = {
    "ema", "swa", "averaged", "average", "avg", "teacher", "init", "initial", "initialization", "initialisation",
    "rewind", "backup", "unaveraged",
}  # fmt: skip
"""Words in the keys of weights that are not the trained network: averages, teachers, the state before training.

`unaveraged_model_state_dict` lies beside the averaged `model_state_dict`, which published results are of.
"""
_CLAIMING = {"student", "pruned", "sparse", "compressed", "best"}
"""Words in the keys of weights that may be the wanted ones, whatever lies beside them."""
SHOWN = 8
"""The most sets of weights that a message lists."""


def choose(found: Sequence[Candidate], key: str, path: Path) -> Candidate:
    """The weights to use of `found`, which is not empty.

    key: the keys that lead to them, or the last of these where that is unique, or the start of names in one set of
    weights (`student` for `student.conv1.weight`); empty: by the order of CONTAINERS, a
    student before its teacher. Raises CheckpointError where the key names none of them, and where nothing says which
    are meant and they differ.
    """
    meant = _named(found, key, path) if key else list(found)
    for one in meant:
        if all(one is other or _precedes(one, other) for other in meant):
            return one
    standing = [one for one in meant if not any(_precedes(other, one) for other in meant)] or meant
    if all(one.same_tensors(standing[0]) for one in standing[1:]):
        return standing[0]
    raise CheckpointError(
        f"{path}: holds several sets of weights, and nothing says which are meant: {listed(meant)}",
        f"choose one with --key, for example --key {standing[-1].path}",
    )


def listed(found: Sequence[Candidate]) -> str:
    """The candidates in words, the first SHOWN of them."""
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(one.described() for one in found[:SHOWN]) + more


def _named(found: Sequence[Candidate], key: str, path: Path) -> list[Candidate]:
    """The candidates at or under `key`."""
    exact = [one for one in found if one.path == key]
    under = exact or [one for one in found if one.path.startswith((f"{key}.", f"{key}["))]
    if under:
        return under
    ending = [one for one in found if one.path != TOP and f".{one.path}".endswith((f".{key}", f"[{key}]"))]
    if len(ending) == 1:
        return ending
    if ending:
        raise CheckpointError(
            f"{path}: {len(ending)} sets of weights have the key {key}: {listed(ending)}",
            "name all the keys that lead to it, joined by dots",
        )
    parts = [part for one in found if (part := one.under(key)) is not None]
    if len(parts) == 1:
        return parts
    raise CheckpointError(
        f"{path}: holds no weights under the key {key!r}; it holds {listed(found)}", "name one of these with --key"
    )


def _precedes(one: Candidate, other: Candidate) -> bool:
    """Whether the keys say that `one` is used rather than `other`.

    Tensors under an unknown name count little where they have no names of weights. Averages, teachers and initial
    states come after all others. Known names have an order; they come before an unknown one, unless there is another
    version of the same network, or what claims to be the wanted one.
    """
    mine, theirs = _apart(one.keys, other.keys)
    first, second = _rank(mine), _rank(theirs)
    if one.has_weights != other.has_weights and (second if one.has_weights else first) is None:
        return one.has_weights
    if _secondary(mine) != _secondary(theirs):
        return _secondary(theirs)
    if first is not None and second is not None:
        return first < second
    if first is not None:
        return not (_words(theirs) & _CLAIMING or one.same_layers(other))
    return False


def _apart(one: tuple[Key, ...], other: tuple[Key, ...]) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
    """Both without the keys that they have in common at the start."""
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    return one[same:], other[same:]


def _rank(keys: tuple[Key, ...]) -> int | None:
    """The place of the first key in the order of known names; None: it is not known, or there is none."""
    first = keys[0] if keys else None
    return CONTAINERS.index(first) if isinstance(first, str) and first in CONTAINERS else None


def _secondary(keys: tuple[Key, ...]) -> bool:
    return bool(_words(keys) & _SECONDARY)


def _words(keys: tuple[Key, ...]) -> set[str]:
    return {word for key in keys for word in re.split(r"[^a-z]+", str(key).lower())}
