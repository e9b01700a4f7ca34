"""Whether a module in memory computes with weights of its own alone: those of others are neither copied nor known."""

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from thinice_tui.data.samples import Samples
from thinice_tui.errors import ModelError
from thinice_tui.models.in_memory import AS_ATTRIBUTES
from thinice_tui.models.load import LoadedModel


def check_own_weights(model: LoadedModel, samples: Samples) -> None:
    """Raise ModelError where a forward pass uses a parameter that belongs to no part of the module.

    One image, on the CPU, through a copy. Nothing is computed with the first such parameter: a network that belongs to
    somebody else stays as it is. What else goes wrong is left to the other checks.
    """
    network = copy.deepcopy(model.network)
    own = {id(parameter) for parameter in network.parameters()}
    try:
        with torch.no_grad(), _Watching(own), suppress(Exception):
            network(torch.from_numpy(samples.floats(slice(1))))
    except _ForeignWeightsError as found:
        raise ModelError(
            f"{model.path}: its forward pass uses weights of shape {found.shape} that belong to none of its parts: "
            "they would be neither copied nor part of what makes a run the same",
            AS_ATTRIBUTES,
        ) from None


class _ForeignWeightsError(BaseException):
    """No Exception, so that a module that catches errors cannot hide it."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.shape = shape


class _Watching(TorchFunctionMode):
    """Raises before a function of torch is called with a parameter that is not among `own` (ids)."""

    def __init__(self, own: set[int]) -> None:
        super().__init__()
        self._own = own

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        for value in tree_leaves((args, kwargs)):
            if isinstance(value, nn.Parameter) and id(value) not in self._own:
                raise _ForeignWeightsError(tuple(value.shape))
        return func(*args, **(kwargs or {}))
