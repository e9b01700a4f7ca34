"""A file's plain data beside its weights, in the types that the other rooms expect."""

import json
from collections.abc import Mapping

import numpy as np
from torch import Tensor

KNOWN = ("normalization", "mean", "std", "class_names", "arch", "dataset", "recipe", "measured")
"""Entries that may be lists or dicts. In safetensors every value is text, and these are written as JSON."""


def plain_metadata(about: Mapping[str, object]) -> dict[str, object]:
    """`about` with JSON text, arrays and tensors of the known entries as lists and dicts; the others unchanged."""
    return {key: _plain(value) if key in KNOWN else value for key, value in about.items()}


def _plain(value: object) -> object:
    if isinstance(value, str):
        return _of_json(value)
    if isinstance(value, np.ndarray | Tensor):
        return value.tolist()
    if isinstance(value, Mapping):
        return {
            key: part.flatten().tolist() if isinstance(part, np.ndarray | Tensor) else part
            for key, part in value.items()
        }
    return value


def _of_json(text: str) -> object:
    """The dict or list that `text` writes as JSON, or None where it is null; else `text`."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return found if found is None or isinstance(found, dict | list) else text
