"""How the names and shapes of a state dict differ from those of a network."""

from collections.abc import Mapping
from dataclasses import dataclass

from thinice_tui.models.names import COUNTER

SHOWN = 3
"""The most names of each kind that a message shows."""
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Differences:
    """How a state differs from a network; counters of batch norm do not count."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    shapes: tuple[str, ...]
    """`NAME is SHAPE, expected SHAPE`."""

    @property
    def count(self) -> int:
        return len(self.missing) + len(self.unexpected) + len(self.shapes)

    @property
    def counted(self) -> str:
        """`1 difference`, `2 differences`."""
        return f"{self.count} difference{'' if self.count == 1 else 's'}"

    @property
    def only_shapes(self) -> bool:
        """Whether all names are there, and some tensors have other shapes."""
        return bool(self.shapes) and not self.missing and not self.unexpected

    def __str__(self) -> str:
        parts = [some("missing", self.missing), some("unexpected", self.unexpected), some("", self.shapes)]
        return "; ".join(part for part in parts if part)


def compare(expected: Mapping[str, Shape | None], found: Mapping[str, Shape]) -> Differences:
    """The differences of the shapes `found` from the `expected` ones, where None is any shape."""
    shapes = tuple(
        f"{key} is {_shape(found[key])}, expected {_shape(shape)}"
        for key, shape in expected.items()
        if shape is not None and key in found and found[key] != shape and not key.endswith(COUNTER)
    )
    missing = tuple(key for key in expected if key not in found and not key.endswith(COUNTER))
    unexpected = tuple(key for key in found if key not in expected and not key.endswith(COUNTER))
    return Differences(missing, unexpected, shapes)


def some(what: str, items: tuple[str, ...]) -> str:
    """`what` and the first of the items, with the number of the others; empty: there are none."""
    if not items:
        return ""
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return f"{what} {', '.join(items[:SHOWN])}{more}".strip()


def _shape(shape: Shape) -> str:
    return "×".join(map(str, shape)) or "a number"
