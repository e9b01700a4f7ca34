"""The weights that a network's convolutions and linear layers get in a forward pass, after any mask of its own code."""

import copy
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from thinice_tui.errors import reason
from thinice_tui.models.layer_weights import input_channels, is_mask_name, layer_weights

SIZES = (32, 224, 28, 64, 96, 128, 299, 16, 8)
"""Heights and widths of the trial images, in the order in which they are tried."""
aten = torch.ops.aten
CONVOLUTIONS = (aten.convolution.default, aten._convolution.default)
PRODUCTS = (aten.addmm.default, aten.mm.default)


@dataclass(frozen=True)
class UsedWeight:
    """A weight that a convolution or a linear layer got.

    module: the innermost module whose forward pass was running; source: the name of the parameter or buffer that it is,
    unchanged; empty: it was computed.
    """

    module: str
    source: str
    shape: tuple[int, ...]
    zeros: int
    value: Tensor = field(compare=False, repr=False)


@dataclass(frozen=True)
class TrialPass:
    """What a forward pass used, each weight once; failure: why there was none."""

    weights: tuple[UsedWeight, ...] = ()
    failure: str = ""


def run_trial_pass(network: nn.Module) -> TrialPass:
    """Run a copy of the network, in evaluation mode, on a random image, and record the weights that it uses.

    The network may be anyone's code: what it raises is caught, and the random state of torch stays.
    """
    failure = "no size of images is known"
    copied: nn.Module | None = None
    for shape in _trial_shapes(network):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                copied = copied or copy.deepcopy(network)
                return TrialPass(_used_weights(copied, shape))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a network's own code may raise anything, SystemExit too
            failure = reason(error)
    return TrialPass(failure=failure)


def effective_weights(network: nn.Module) -> dict[str, Tensor]:
    """The weights of the network's layers by name, after the masks of its own code where it can be run."""
    used = {source: weight.value for source, weight in weights_by_source(network, run_trial_pass(network))}
    stored = layer_weights(network)
    return {name: used.get(name, value) for name, value in stored.items()}


def weights_by_source(network: nn.Module, trial: TrialPass) -> Iterator[tuple[str, UsedWeight]]:
    """Each weight in use, with the tensor of the network that it is or was computed from.

    A computed one is from the first tensor under its module that has its shape, is no mask and is not used as it is; a
    weight without such a tensor is left out.
    """
    held = dict(network.named_parameters()) | dict(network.named_buffers())
    free = {name: tuple(value.shape) for name, value in held.items() if not is_mask_name(name)}
    for used in trial.weights:
        if used.source:
            free.pop(used.source, None)
            yield used.source, used
    for used in trial.weights:
        under = f"{used.module}." if used.module else ""
        same = (name for name, shape in free.items() if name.startswith(under) and shape == used.shape)
        if not used.source and (source := next(same, "")):
            del free[source]
            yield source, used


def _trial_shapes(network: nn.Module) -> Iterator[tuple[int, int, int]]:
    """Shapes of images that the first layer may take."""
    channels = input_channels(network)
    if channels is not None:
        yield from ((channels, size, size) for size in SIZES)
        return
    first = next(iter(layer_weights(network).values()), None)
    features = 0 if first is None else first.shape[1]
    for channels in (3, 1):
        size = math.isqrt(features // channels)
        if size and channels * size * size == features:
            yield channels, size, size


@torch.no_grad()
def _used_weights(network: nn.Module, shape: tuple[int, int, int]) -> tuple[UsedWeight, ...]:
    images = torch.rand(1, *shape, generator=torch.Generator().manual_seed(0))
    recorder = _Recorder(network)
    with torch.random.fork_rng(devices=[]), _followed(network, recorder.running), recorder:
        network(images)
    return tuple(dict.fromkeys(recorder.found))


@contextmanager
def _followed(network: nn.Module, running: list[str]) -> Iterator[None]:
    """Keep the names of the modules whose forward pass is running in `running`, the innermost last."""

    def entered(name: str) -> Any:
        return lambda *_: running.append(name)

    def left(*_: object) -> None:
        running.pop()

    handles = []
    for name, module in network.named_modules():
        if not isinstance(module, torch.jit.ScriptModule):
            handles += [
                module.register_forward_pre_hook(entered(name)),
                module.register_forward_hook(left, always_call=True),
            ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records the weights of convolutions and of matrix products with a transposed matrix, as linear layers are."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.running: list[str] = [""]
        self.found: list[UsedWeight] = []
        self._names = {
            _memory(value): name
            for name, value in [*network.named_buffers(), *network.named_parameters()]
            if value.numel()
        }

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func in CONVOLUTIONS:
            self._record(args[1])
        elif func in PRODUCTS and args[-1].t().is_contiguous():
            self._record(args[-1].t())
        return func(*args, **(kwargs or {}))

    def _record(self, weight: Tensor) -> None:
        name, zeros = self._names.get(_memory(weight), ""), int((weight == 0).sum())
        self.found.append(UsedWeight(self.running[-1], name, tuple(weight.shape), zeros, weight.detach()))


def _memory(tensor: Tensor) -> tuple[int, int, int]:
    """Where the values are: equal for a tensor and its transpose."""
    return tensor.untyped_storage().data_ptr(), int(tensor.storage_offset()), tensor.numel()
