"""What a Python caller gives, as the engine takes it: arrays, eps and devices."""

import operator
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from thinice_tui.data.in_memory import samples_in_memory
from thinice_tui.data.samples import Samples
from thinice_tui.engine.worker.device import choose_device
from thinice_tui.errors import DataError, UsageError, reason
from thinice_tui.protocol.phases import build_phases, choose_attack
from thinice_tui.protocol.settings import KeepImages, Settings
from thinice_tui.python.attack_options import AttackOptions, Device

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

DEFAULT = "quick"
"""The ensemble where none is named: a first look."""
EXACT = (torch.float32, torch.float64, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool)
"""What NumPy has, too; other tensors become float32."""
LEVELS = 255
"""Multiples of 1/255 are written as fractions."""
ROLES = ("dense", "control")
"""Names that pruned models must not have."""


def samples_of(
    images: "Tensor | ArrayLike",
    labels: "Tensor | ArrayLike",
    indices: "Tensor | ArrayLike | None",
    class_names: Sequence[str],
) -> Samples:
    """The samples of tensors on any device, or of what NumPy makes an array of; raises DataError, UsageError."""
    names = _names(class_names)
    chosen = None if indices is None else _array(indices, "indices")
    return samples_in_memory(_array(images, "images"), _array(labels, "labels"), chosen, names)


def settings_of(options: AttackOptions, keep_images: KeepImages, distances: bool) -> Settings:
    """The settings, from all options; raises UsageError, also for an unknown ensemble or attack."""
    audit, size, escalate = options["audit"], options["batch_size"], _yes_or_no("escalate", options["escalate"])
    audit = audit if audit is None or isinstance(audit, str) else str(_whole("audit", audit))
    wanted, stages = _text("attack", options["attack"]), _text("stages", options["stages"])
    attack, listed = choose_attack(wanted, DEFAULT, stages, audit, escalate)
    settings = Settings.build(
        str(options["norm"]),
        eps_text(options["eps"]),
        attack,
        _whole("seed", options["seed"]),
        "auto" if size is None else str(_whole("batch_size", size)),
        str(keep_images),
        str(options["precision"]),
        _yes_or_no("distances", distances),
        audit,
        escalate,
        listed,
    )
    build_phases(settings, classes=10)  # raises for an unknown name before anything is computed
    return settings


def modules_by_name(pruned: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """The pruned modules; raises UsageError for anything but a mapping, and for names that no model can have."""
    if not isinstance(pruned, Mapping):
        raise UsageError(
            f"pruned is a {type(pruned).__name__}, expected modules by name", 'write it as {"pruned": module}'
        )
    for name in pruned:
        if not isinstance(name, str) or not name.strip() or not name.isprintable() or name in ROLES:
            raise UsageError(
                f"a pruned model is named {name!r}", "expected a name that is printable, and not dense or control"
            )
    return dict(pruned)


def eps_text(eps: float | str | None) -> str | None:
    """eps as people write it: `8/255` where it is that very number, else its digits; text and None as they are."""
    if eps is None or isinstance(eps, str):
        return eps
    if not isinstance(eps, Real) or isinstance(eps, bool):
        raise UsageError(f"eps is {eps!r}, expected a number, or text as 8/255")
    eps = float(eps)
    level = round(eps * LEVELS) if 0 < eps <= 1 else 0
    if level and level / LEVELS == eps:
        return f"{level}/{LEVELS}"
    return repr(eps).removesuffix(".0")


def device_of(device: Device, module: nn.Module) -> torch.device:
    """The device that is named; None: the one that the module is on. Raises UsageError."""
    if device is None:
        tensors = [*module.parameters(), *module.buffers()] if isinstance(module, nn.Module) else []
        return tensors[0].device if tensors else torch.device("cpu")
    return choose_device(str(device))


def _array(values: "Tensor | ArrayLike", name: str) -> NDArray[Any]:
    try:
        if isinstance(values, Tensor):
            values = values.detach().cpu().resolve_neg().resolve_conj()
            return (values if values.dtype in EXACT else values.float()).numpy()
        found = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:  # rows of different lengths; sparse and quantised tensors
        why = reason(error)
        raise DataError(f"{name}: are no array ({why})", "expected a dense tensor or a NumPy array") from error
    if not found.ndim or found.dtype.kind == "O":
        raise DataError(f"{name}: are of type {type(values).__name__}", "expected a tensor or an array, a row a sample")
    return found


def _names(given: object) -> tuple[str, ...]:
    """Class names; raises UsageError for anything but a sequence of texts."""
    if given is None:
        return ()
    if isinstance(given, str) or not isinstance(given, Sequence) or not all(isinstance(name, str) for name in given):
        raise UsageError(f"class_names is {given!r}", "expected a list of texts, by class number")
    return tuple(given)


def _text(name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{name} is {value!r}, expected text")
    return value


def _whole(name: str, value: object) -> int:
    """A whole number, also one of NumPy or torch; raises UsageError."""
    try:
        if not isinstance(value, bool | np.bool_):
            return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        pass
    raise UsageError(f"{name} is {value!r}, expected a whole number")


def _yes_or_no(name: str, value: object) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise UsageError(f"{name} is {value!r}, expected True or False")
    return bool(value)
