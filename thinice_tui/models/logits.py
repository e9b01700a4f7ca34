"""The logits among what a network returns: a tensor, a tuple with features beside them, or a model output by name."""

from collections.abc import Callable, Mapping
from operator import attrgetter, itemgetter
from typing import Any

from torch import Tensor, fx, nn

from thinice_tui.errors import ModelError
from thinice_tui.models.layer_weights import classes, head_widths

NAME = "logits"
REMEDY = (
    "expected a tensor of logits: give a factory with --arch FILE.py:factory whose network returns the logits alone"
)


class LogitsFinder:
    """Finds the logits in a network's outputs, and takes all later ones from the same place.

    The place is found once, in the first outputs: the item or attribute `logits` (Hugging Face), or the first item of
    shape [N,C] with C the classes of the network's last layer.
    """

    def __init__(self, network: nn.Module) -> None:
        self._network_classes = classes(network)
        self._heads = head_widths(network)
        self._take: Callable[[Any], Tensor] | None = None

    def __call__(self, outputs: object) -> Tensor:
        """The logits in `outputs`; raises ModelError where no item, or more than one, may be the logits."""
        if isinstance(outputs, (Tensor, fx.Proxy)):  # a proxy stands for a tensor while the network is traced
            return outputs  # type: ignore[return-value]
        if self._take is None:
            self._take = self._find(outputs)
        return self._take(outputs)

    def _find(self, outputs: object) -> Callable[[Any], Tensor]:
        """What takes the logits from such outputs."""
        if isinstance(getattr(outputs, NAME, None), Tensor):
            return attrgetter(NAME)
        items = _tensors(outputs)
        if NAME in items:
            return itemgetter(NAME)
        rows = {key: value.shape[1] for key, value in items.items() if value.ndim == 2}
        if not rows:
            raise ModelError(f"its forward pass returns {type(outputs).__name__}{_shapes(items)}, no logits", REMEDY)
        only = next(iter(rows))
        if self._network_classes is None or (len(rows) == 1 and rows[only] in self._heads | {self._network_classes}):
            return itemgetter(only)
        fitting = [key for key, columns in rows.items() if columns == self._network_classes]
        if not fitting:
            raise ModelError(
                f"its forward pass returns {type(outputs).__name__}{_shapes(items)}, none with a column for each of "
                f"the {self._network_classes} outputs of its last layer",
                REMEDY,
            )
        if len(self._heads.intersection(rows.values()) | {self._network_classes}) > 1:
            raise ModelError(
                f"its forward pass returns {type(outputs).__name__}{_shapes(items)}, the outputs of more than one "
                "last layer: which are the logits cannot be told",
                REMEDY,
            )
        return itemgetter(fitting[0])


def _tensors(outputs: object) -> dict[object, Tensor]:
    """The tensors in a mapping by key, in a tuple or list by position."""
    if isinstance(outputs, Mapping):
        return {key: value for key, value in outputs.items() if isinstance(value, Tensor)}
    items = outputs if isinstance(outputs, (tuple, list)) else ()
    return {at: value for at, value in enumerate(items) if isinstance(value, Tensor)}


def _shapes(items: Mapping[object, Tensor]) -> str:
    shapes = ", ".join(f"({', '.join(map(str, value.shape))})" for value in items.values())
    return f" with tensors of the shapes {shapes}" if items else ""
