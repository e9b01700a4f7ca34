"""Values from a run file, checked: it may come from a stranger."""

from collections.abc import Mapping
from typing import Any

NUMBER = (int, float)


def checked(value: Any, kind: type | tuple[type, ...], name: str) -> Any:
    """`value`, where it is of that kind; raises ValueError. A bool is no number."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{name} is {value!r}")
    return value


def field(stored: Mapping[str, Any], key: str, kind: type | tuple[type, ...]) -> Any:
    """`stored[key]`, checked; raises KeyError, ValueError."""
    return checked(stored[key], kind, key)


def optional(stored: Mapping[str, Any], key: str, kind: type | tuple[type, ...]) -> Any:
    """`stored[key]`, checked, or None where it is missing or null; raises ValueError."""
    value = stored.get(key)
    return None if value is None else checked(value, kind, key)
