"""Fits a state dict into a network that the user's code has built, whatever wrappers were around either of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from thinice_tui.models.differences import Differences, Shape, compare, some
from thinice_tui.models.inner_normalization import is_constant, state_constants
from thinice_tui.models.names import COUNTER, View, leftovers, shared_prefixes, split, views
from thinice_tui.models.normalization_names import is_normalization


@dataclass(frozen=True)
class Fit:
    """The part of a state that a network takes, under the network's names; or how the two differ."""

    state: dict[str, Tensor]
    notes: tuple[str, ...]
    constants: dict[str, Tensor]
    """A normalisation's, which the network lacks: it belongs in front of it."""
    differences: Differences
    view: View
    """The names under which the differences are the fewest."""


def fit_network(network: nn.Module, state: Mapping[str, Tensor]) -> Fit:
    """The state under the names of `network`: its own ones first, then without wrappers' prefixes, then those under a
    prefix that either of the two has.

    Accepted are only exact names and shapes. What training leaves in a state (counters, losses) is left out unless
    the network has it, and so are constants of a normalisation, which then belong in front of the network. Constants
    that the network alone has keep their values.
    """
    expected = {key: value for key, value in network.state_dict().items() if isinstance(value, Tensor)}
    tied, own = _tied(network), _constants(network)
    best: Fit | None = None
    known = list(views(state))
    longer = (view for one in known if not one.prefix for view in _longer(one, list(expected)))
    for view in (*known, *longer):
        fit = _fit(view, expected, tied, own)
        if fit.differences.count == 0:
            return fit
        if best is None or fit.differences.count < best.differences.count:
            best = fit
    assert best is not None  # the state under its own names is the first view
    return best


def left_out(names: Mapping[str, Tensor]) -> tuple[str, ...]:
    """The note on names that are left out; empty: there are none."""
    return (some("left out, since no network reads it:", tuple(names)),) if names else ()


def _fit(view: View, expected: Mapping[str, Tensor], tied: Mapping[str, tuple[str, ...]], own: frozenset[str]) -> Fit:
    """tied: as of _tied; own: as of _constants."""
    loose = leftovers(view.state)
    dropped = {key: value for key, value in view.state.items() if key in loose and key not in expected}
    found = {key: value for key, value in view.state.items() if key not in dropped}
    for key in expected:
        twin = next((other for other in tied.get(key, ()) if other in found), None)
        if key not in found and twin is not None:
            found[key] = found[twin]
    missing = [key for key in expected if key not in found and key in own]
    in_front = [key for key in state_constants(found) if key not in expected]
    notes, constants = [view.note] if view.note else [], dict[str, Tensor]()
    if missing and not in_front:
        notes.append(some("constants of a normalisation are the network's own:", tuple(missing)))
    elif in_front and not missing:
        constants = {key: found[key] for key in in_front}
        found = {key: value for key, value in found.items() if key not in in_front}
    shapes = {key: None if is_lazy(value) else tuple(value.shape) for key, value in expected.items()}
    wanted: dict[str, Shape | None] = {key: shape for key, shape in shapes.items() if in_front or key not in missing}
    differences = compare(wanted, {key: tuple(value.shape) for key, value in found.items()})
    outside = tuple(key for key in view.outside if not key.endswith(COUNTER))
    differences = replace(differences, unexpected=(*differences.unexpected, *outside))
    kept = {key: value for key, value in found.items() if key in expected}
    return Fit(kept, (*notes, *left_out(dropped)), constants, differences, view)


def _longer(view: View, names: list[str]) -> Iterator[View]:
    """The state of `view` under prefixes that the network's names have and its own lack."""
    parts = split(view.state)
    for prefix in shared_prefixes(name for name in names if not is_normalization(name)):
        own = {prefix + key: value for key, value in parts.own.items()}
        note = f"its names are those under {prefix} of the network"
        yield View({**own, **parts.constants, **parts.leftovers}, f"{view.note}; {note}" if view.note else note)


def _constants(network: nn.Module) -> frozenset[str]:
    """The names of a normalisation's constants in the network: buffers of one number, or of one a channel."""
    return frozenset(name for name, value in network.named_buffers() if is_normalization(name) and is_constant(value))


def _tied(network: nn.Module) -> dict[str, tuple[str, ...]]:
    """The other names of each parameter and buffer that has several."""
    names: dict[int, list[str]] = {}
    for name, value in (
        *network.named_parameters(remove_duplicate=False),
        *network.named_buffers(remove_duplicate=False),
    ):
        names.setdefault(id(value), []).append(name)
    return {name: tuple(other for other in same if other != name) for same in names.values() for name in same}
