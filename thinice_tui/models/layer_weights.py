"""The weights of a network's layers by name, and what their shapes say: its classes and input channels."""

from torch import Tensor, nn


def layer_weights(network: nn.Module) -> dict[str, Tensor]:
    """The parameters with two dimensions or more, detached, by name."""
    return {name: value.detach() for name, value in network.named_parameters() if value.ndim > 1}


def classes(network: nn.Module) -> int | None:
    """Outputs of the last Conv or Linear weight; None: there is none."""
    weights = list(layer_weights(network).values())
    return weights[-1].shape[0] if weights else None


def input_channels(network: nn.Module) -> int | None:
    """Inputs of the first convolution; None: there is none."""
    kernels = [value for value in layer_weights(network).values() if value.ndim == 4]
    return kernels[0].shape[1] if kernels else None


def head_widths(network: nn.Module) -> set[int]:
    """The outputs of linear layers that are the inputs of no linear layer, by shape: of its last layers."""
    matrices = [value for value in layer_weights(network).values() if value.ndim == 2]
    return {value.shape[0] for value in matrices} - {value.shape[1] for value in matrices}
