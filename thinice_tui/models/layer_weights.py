"""The weights of a network's layers by name, and what their shapes say: its classes and input channels."""

import re

from torch import Tensor, nn

MASK_NAME = re.compile(r"(?:.*_)?(?:mask|gate|score|aux)s?(?:_.*)?")
"""Names of tensors that are multiplied with weights or rank them: mask, weight_mask, popup_scores, aux_weight, …"""


def is_mask_name(name: str) -> bool:
    """Whether a tensor of that name masks weights or channels."""
    return MASK_NAME.fullmatch(name.rpartition(".")[2]) is not None


def unsaved_masks(network: nn.Module) -> list[str]:
    """The names of masks, as large as their layer's weight, that `network` does not keep in its state dict.

    They are buffers that are not persistent, or plain attributes: a file of the network's weights lacks them.
    """
    found = []
    for layer, module in network.named_modules():
        weight = getattr(module, "weight", None)
        unsaved = {name: module._buffers[name] for name in getattr(module, "_non_persistent_buffers_set", ())}
        for name, value in (unsaved | vars(module)).items():
            fits = isinstance(value, Tensor) and isinstance(weight, Tensor) and value.shape == weight.shape
            if fits and is_mask_name(name):
                found.append(f"{layer}.{name}" if layer else name)
    return found


def layer_weights(network: nn.Module) -> dict[str, Tensor]:
    """The parameters with two dimensions or more, masks and scores apart, detached, by name."""
    return {
        name: value.detach() for name, value in network.named_parameters() if value.ndim > 1 and not is_mask_name(name)
    }


def classes(network: nn.Module) -> int | None:
    """Outputs of the last layer; None: there is none.

    That is the Conv or Linear weight that is defined last. Where it is a matrix, and the outputs of one matrix only are
    the inputs of none, it is that one.
    """
    weights, heads = list(layer_weights(network).values()), head_widths(network)
    if not weights:
        return None
    last = weights[-1]
    if last.ndim == 2 and len(heads) == 1:
        return next(iter(heads))
    return last.shape[0]


def input_channels(network: nn.Module) -> int | None:
    """Inputs of the first convolution; None: there is none."""
    kernels = [value for value in layer_weights(network).values() if value.ndim == 4]
    return kernels[0].shape[1] if kernels else None


def head_widths(network: nn.Module) -> set[int]:
    """The outputs of linear layers that are the inputs of no linear layer, by shape: of its last layers."""
    matrices = [value for value in layer_weights(network).values() if value.ndim == 2]
    return {value.shape[0] for value in matrices} - {value.shape[1] for value in matrices}
