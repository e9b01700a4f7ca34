"""What a Python caller gives, as the engine takes it: arrays, eps and devices."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from thinice_tui.data.in_memory import samples_in_memory
from thinice_tui.data.samples import Samples
from thinice_tui.engine.worker.device import choose_device
from thinice_tui.errors import DataError
from thinice_tui.protocol.phases import build_phases, choose_attack
from thinice_tui.protocol.settings import KeepImages, Settings
from thinice_tui.python.attack_options import AttackOptions, Device

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

DEFAULT = "quick"
"""The ensemble where none is named: a first look."""
LEVELS = 255
"""Multiples of 1/255 are written as fractions."""


def samples_of(
    images: "Tensor | ArrayLike",
    labels: "Tensor | ArrayLike",
    indices: "Tensor | ArrayLike | None",
    class_names: Sequence[str],
) -> Samples:
    """The samples of tensors on any device, or of what NumPy makes an array of; raises DataError."""
    chosen = None if indices is None else _array(indices, "indices")
    return samples_in_memory(_array(images, "images"), _array(labels, "labels"), chosen, class_names)


def settings_of(options: AttackOptions, keep_images: KeepImages, distances: bool) -> Settings:
    """The settings, from all options; raises UsageError, also for an unknown ensemble or attack."""
    eps, batch_size, escalate = options["eps"], options["batch_size"], options["escalate"]
    audit = None if options["audit"] is None else str(options["audit"])
    attack, listed = choose_attack(options["attack"], DEFAULT, options["stages"], audit, escalate)
    text = eps_text(eps) if isinstance(eps, int | float) else eps
    size = "auto" if batch_size is None else str(batch_size)
    precision, seed = options["precision"], options["seed"]
    settings = Settings.build(
        options["norm"], text, attack, seed, size, keep_images, precision, distances, audit, escalate, listed
    )
    build_phases(settings, classes=10)  # raises for an unknown name before anything is computed
    return settings


def eps_text(eps: float) -> str:
    """eps as people write it: `8/255` where it is that very number, else its digits."""
    level = round(eps * LEVELS) if 0 < eps <= 1 else 0
    if level and level / LEVELS == eps:
        return f"{level}/{LEVELS}"
    return f"{eps:g}" if float(f"{eps:g}") == eps else repr(float(eps))


def device_of(device: Device, module: nn.Module) -> torch.device:
    """The device that is named; None: the one that the module is on. Raises UsageError."""
    if device is None:
        tensors = [*module.parameters(), *module.buffers()] if isinstance(module, nn.Module) else []
        return tensors[0].device if tensors else torch.device("cpu")
    return choose_device(str(device))


def _array(values: "Tensor | ArrayLike", name: str) -> NDArray[Any]:
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        return (values.float() if values.dtype in (torch.bfloat16, torch.float16) else values).numpy()
    try:
        found = np.asarray(values)
    except (TypeError, ValueError) as error:  # rows of different lengths
        raise DataError(f"{name}: are no array ({error})", "expected a tensor or a NumPy array") from error
    return found
