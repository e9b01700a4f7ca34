"""The known architectures, one row each, and how a state dict differs from them."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from torch import Tensor

from thinice_tui.models.architectures import plain, residual
from thinice_tui.models.architectures.architecture import Architecture
from thinice_tui.models.architectures.families import WideFamily
from thinice_tui.models.architectures.layers import Shapes
from thinice_tui.models.differences import Differences, compare

WIDE_STEM = 16
"""Channels of the first layer of a wide residual network, at any width."""
CLOSE = 6
"""The most architectures that are compared with a state that none fits."""


class Known(Mapping[str, Architecture]):
    """The known architectures by name: those that are listed, and on demand any size of the families."""

    def __init__(self, rows: Iterable[Architecture], families: tuple[WideFamily, ...]) -> None:
        self._rows = {known.name: known for known in rows}
        self.families = families

    def __getitem__(self, name: str) -> Architecture:
        made = (family.named(name) for family in self.families)
        found = self._rows.get(name) or next((known for known in made if known), None)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def candidates(self, state: Mapping[str, Tensor]) -> list[Architecture]:
        """The listed architectures, and that of each family in the size of `state`; none is another's variant."""
        shapes = {key: tuple(value.shape) for key, value in state.items()}
        sized = (family.fitting(shapes) for family in self.families)
        listed = (known for known in self._rows.values() if not known.variant_of)
        return [*listed, *(known for known in sized if known)]


KNOWN = Known((*residual.ROWS, *plain.ROWS), residual.FAMILIES)


def used_part(architecture: Architecture, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state without the tensors that the architecture never reads."""
    return {key: value for key, value in state.items() if not key.startswith(architecture.unused or ("\0",))}


def differences(architecture: Architecture, state: Mapping[str, Tensor]) -> Differences:
    """The differences between `state` and `architecture`; count 0: it can be loaded."""
    own = used_part(architecture, state)
    shapes = {key: tuple(value.shape) for key, value in own.items()}
    network = architecture.make(shapes)
    return compare({key: tuple(value.shape) for key, value in network.state_dict().items()}, shapes)


def recognise(state: Mapping[str, Tensor]) -> Architecture | None:
    """The architecture that `state` fits exactly; None: none.

    Of several, one with a single ratio of widths, and then the one whose standard widths are closest.
    """
    possible = [known for known in KNOWN.candidates(state) if known.may_fit(state)]
    if len(possible) > 1:
        possible.sort(key=lambda known: (len(_width_ratios(known, state)) > 1, _distance(known, state)))
    return next((known for known in possible if differences(known, state).count == 0), None)


def known_names() -> str:
    """The names for messages, without variants; those that differ in the first number only are one: `vgg11/13`."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name, known in KNOWN.items():
        if not known.variant_of:
            start, number, rest = re.split(r"(\d+)", name, maxsplit=1)
            groups.setdefault((start, rest), []).append(number)
    listed = [f"{start}{'/'.join(sorted(numbers, key=int))}{rest}" for (start, rest), numbers in groups.items()]
    sized = [f"{family.prefix}_DEPTH_WIDTH" for family in KNOWN.families]
    return ", ".join((*listed, *sized)) + " (depth 6n + 4)"


def variants(name: str) -> tuple[Architecture, ...]:
    """The architectures that no state tells apart from the one of this name; empty: there are none."""
    listed = [known for known in KNOWN.values() if known.variant_of == name]
    return (*listed, *(known for family in KNOWN.families for known in family.variants(name)))


def without_width(name: str) -> str:
    """The architecture's name without a width that is part of it: what a network and a narrower one have in common."""
    for family in KNOWN.families:
        name = family.without_width(name)
    return name


@cache
def _standard_shapes(architecture: Architecture) -> Shapes:
    """The shapes of the standard network's state."""
    return {key: tuple(value.shape) for key, value in architecture.make().state_dict().items()}


def _distance(architecture: Architecture, state: Mapping[str, Tensor]) -> float:
    """The sum of the relative differences of the tensors' sizes from the standard ones."""
    standard = _standard_shapes(architecture)
    pairs = [(value.numel(), math.prod(standard[key])) for key, value in state.items() if key in standard]
    return sum(abs(found - usual) / usual for found, usual in pairs)


def nearest(state: Mapping[str, Tensor]) -> tuple[Architecture, Differences]:
    """The architecture with the fewest differences from `state`, and the differences.

    Only those that share the most names are looked at closely: building a network takes time.
    """
    rows = KNOWN.candidates(state)
    keyed = [known for known in rows if known.key in state]
    tops = {key.partition(".")[0] for key in state}
    rows = keyed or [known for known in rows if known.key.partition(".")[0] in tops] or rows[:1]
    shared = sorted(rows, key=lambda known: -len(_standard_shapes(known).keys() & state.keys()))[:CLOSE]
    found = [(known, differences(known, state)) for known in shared]
    return min(found, key=lambda item: (item[1].count, _distance(item[0], state)))


def _width_ratios(architecture: Architecture, state: Mapping[str, Tensor]) -> set[float]:
    """The hidden widths over the standard ones.

    Classes and input channels do not count, nor does the stem of a wide network, which has 16 channels at any width.
    """
    standard = _standard_shapes(architecture)
    means = ((key, value.shape) for key, value in state.items() if key.endswith("running_mean") and key in standard)
    widths = [(shape[0], standard[key][0]) for key, shape in means if len(shape) == 1]
    if not widths:  # without batch norm, those of the convolutions
        kernels = ((key, value.shape) for key, value in state.items() if value.ndim == 4 and key in standard)
        widths = [(shape[0], standard[key][0]) for key, shape in kernels]
    return {found / usual for found, usual in widths if (found, usual) != (WIDE_STEM, WIDE_STEM)}


def width_note(architecture: Architecture, state: Mapping[str, Tensor]) -> str:
    """How the state's hidden widths differ from the standard ones, in words; empty: not at all."""
    ratios = _width_ratios(architecture, state)
    if ratios <= {1.0}:
        return ""
    return f"{ratios.pop():g} × its width" if len(ratios) == 1 else "channels removed"
