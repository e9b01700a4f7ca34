"""Names of parameters: prefixes that wrappers add, and entries of a state dict that no network reads."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from thinice_tui.models.inner_normalization import state_constants

COUNTER = "num_batches_tracked"
"""The end of the names of batch norm's counters: old torch did not save them, and evaluation never reads them."""
PREFIXES = ("module.", "model.", "_orig_mod.", "basic_model.", "net.", "network.")
"""Prefixes of names by DataParallel, torch.compile, attack and normalisation wrappers, and RADMM."""
INNER = ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
"""Parts that wrappers add in the middle of a name, where only a part of the network is wrapped."""
LEAST_SHARE = 0.3
"""The share of the names that a prefix must have to be tried: a half where a file holds a student and its teacher."""

_SINGLE = ("n_averaged", "temperature")
"""AveragedModel's counter, and the divisor of logits that calibration learns."""
_COUNTS = ("total_ops", "total_params")
"""What thop leaves in every layer."""
_LOSS = re.compile(r"(.*_)?(criterion|criterions|loss|losses|lossfn)(_.*)?")
_OBSERVER = re.compile(r"activation_post_process(_\d+)?|.*fake_quant.*")
_RANGES = ("min_val", "max_val", "min_vals", "max_vals", "observer_enabled", "fake_quant_enabled")


@dataclass(frozen=True)
class View:
    """A state under other names."""

    state: dict[str, Tensor]
    note: str = ""
    """What was done to the names, in words; empty: they are the file's own."""
    prefix: str = ""
    """The prefix that was dropped, where it is not only wrappers'."""
    outside: tuple[str, ...] = ()
    """The names without the prefix, which `state` leaves out; constants of a normalisation and leftovers stay in it."""


@dataclass(frozen=True)
class Parts:
    """A state's tensors by what they are for."""

    own: dict[str, Tensor]
    """The network's parameters and buffers."""
    constants: dict[str, Tensor]
    """A normalisation's."""
    leftovers: dict[str, Tensor]
    """What training leaves, and no forward pass reads."""


def leftovers(state: Mapping[str, Tensor]) -> frozenset[str]:
    """The names that training and its tools leave in a state dict, and that no forward pass reads.

    Fake quantisation that is switched on does change the outputs, so its names are none of them.
    """
    quantising = fake_quantised(state) != ""
    return frozenset(key for key, value in state.items() if _is_leftover(key, value, quantising))


def fake_quantised(state: Mapping[str, Tensor]) -> str:
    """The name of a fake quantisation that is switched on; empty: there is none."""
    switches = (key for key, value in state.items() if key.endswith("fake_quant_enabled") and value.numel() == 1)
    on = (key for key in switches if not state[key].is_meta and bool(state[key] != 0))
    return next(on, "")


def _is_leftover(key: str, value: Tensor, quantising: bool) -> bool:
    *parts, last = key.split(".")
    if last in _SINGLE:
        return value.numel() == 1
    if last in _RANGES or any(_OBSERVER.fullmatch(part) for part in (*parts, last)):
        return not quantising
    return last in _COUNTS or any(_LOSS.fullmatch(part) for part in parts)


def views(state: Mapping[str, Tensor]) -> Iterator[View]:
    """The state under its own names; then without the wrappers' prefixes, one after the other; then without what
    wrappers add inside names; at last, without each prefix that many names share."""
    yield View(dict(state))
    plain, dropped = dict(state), ""
    while prefix := _wrapper(plain):
        plain, dropped = _without(plain, prefix), dropped + prefix
        if len(plain) < len(state):  # two names became one
            return
        yield View(plain, f"prefix {dropped} dropped")
    inner = {_without_inner(key): value for key, value in plain.items()}
    if inner.keys() != plain.keys() and len(inner) == len(plain):
        changed = next(key for key in plain if key not in inner)
        dropped_too = f"prefix {dropped} dropped; " if dropped else ""
        yield View(inner, f"{dropped_too}wrappers' names dropped: {changed} is {_without_inner(changed)}")
        plain = inner
    core = list(split(plain).own)
    for prefix in shared_prefixes(core):
        outside = tuple(key for key in core if not key.startswith(prefix))
        kept = {key: value for key, value in plain.items() if key not in outside}
        inside = _without(kept, prefix)
        if len(inside) == len(kept):
            yield View(inside, f"prefix {dropped}{prefix} dropped", dropped + prefix, outside)


def strip_wrappers(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """The tensors without the wrappers' prefixes that all names have, and the prefixes that were dropped."""
    plain, dropped = dict(state), ""
    while prefix := _wrapper(plain):
        plain, dropped = _without(plain, prefix), dropped + prefix
    return plain, dropped


def split(state: Mapping[str, Tensor]) -> Parts:
    """The state in its three parts."""
    loose = leftovers(state)
    rest = {key: value for key, value in state.items() if key not in loose}
    constants = dict.fromkeys(state_constants(rest))
    return Parts(
        own={key: value for key, value in rest.items() if key not in constants},
        constants={key: rest[key] for key in constants},
        leftovers={key: value for key, value in state.items() if key in loose},
    )


def shared_prefixes(names: Iterable[str]) -> list[str]:
    """The prefixes (`backbone.`) that a good part of the names has, the shortest first."""
    found, total = Counter[str](), 0
    for name in names:
        parts = name.split(".")[:-1]
        total += 1
        found.update(".".join(parts[: end + 1]) + "." for end in range(len(parts)))
    return sorted((prefix for prefix, count in found.items() if count >= LEAST_SHARE * total), key=len)


def _wrapper(state: Mapping[str, Tensor]) -> str:
    """The wrapper's prefix that all names have; a normalisation's buffers and leftovers may lie outside."""
    core = split(state).own
    return next((prefix for prefix in PREFIXES if core and all(key.startswith(prefix) for key in core)), "")


def _without(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in state.items()}


def _without_inner(name: str) -> str:
    *parts, last = name.split(".")
    return ".".join((*(part for part in parts if part not in INNER), last))
