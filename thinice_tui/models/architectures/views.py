"""Known architectures held against a state dict, with and without the prefixes of its names."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from thinice_tui.models.architectures.architecture import Architecture
from thinice_tui.models.architectures.known import differences, nearest, recognise, used_part
from thinice_tui.models.differences import Differences
from thinice_tui.models.names import COUNTER, View, split, views


@dataclass(frozen=True)
class Closest:
    """The known architecture with the fewest differences from a state, and the names under which it has them."""

    architecture: Architecture
    differences: Differences
    view: View
    matched: int
    """How many of the state's names the architecture has, without counters."""
    fitting: tuple[str, ...]
    """The prefixes under which names are exactly those of a known architecture, each beside others."""


def recognised(state: Mapping[str, Tensor]) -> tuple[Architecture, View] | None:
    """The known architecture that the whole state fits, and the names under which it does; None: none."""
    for view in views(state):
        if view.outside:
            continue
        known = recognise(split(view.state).own)
        if known is not None:
            return known, view
    return None


def closest_view(known: Architecture, state: Mapping[str, Tensor]) -> tuple[View, Differences]:
    """The names under which the state differs least from an architecture, and the differences."""
    best: tuple[View, Differences] | None = None
    for view in views(state):
        differ = _with_outside(differences(known, split(view.state).own), view)
        if best is None or differ.count < best[1].count:
            best = view, differ
        if differ.count == 0:
            break
    assert best is not None  # the state under its own names is the first view
    return best


def closest(state: Mapping[str, Tensor]) -> Closest:
    """The known architecture with the fewest differences, under any prefix of the names."""
    all_views = list(views(state))
    plain = [view for view in all_views if not view.prefix][-1]
    known, differ = nearest(split(plain.state).own)
    found, fitting = [_closest(known, differ, plain)], []
    for view in all_views:
        if view.prefix:
            known, differ = nearest(split(view.state).own)
            found.append(_closest(known, differ, view))
            fitting += [view.prefix] if differ.count == 0 and view.outside else []
    best = min(found, key=lambda one: one.differences.count)
    return replace(best, fitting=tuple(dict.fromkeys(fitting)))


def _closest(known: Architecture, differ: Differences, view: View) -> Closest:
    own = [key for key in used_part(known, split(view.state).own) if not key.endswith(COUNTER)]
    return Closest(known, _with_outside(differ, view), view, len(own) - len(differ.unexpected), ())


def _with_outside(differ: Differences, view: View) -> Differences:
    outside = tuple(key for key in view.outside if not key.endswith(COUNTER))
    return replace(differ, unexpected=(*differ.unexpected, *outside))
