"""The sparsity of a network, by the three conventions of the literature and per layer."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.runfile.records import Layer

CONV = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


@dataclass(frozen=True)
class Sparsity:
    """Fractions of zeros in [0,1], after masks are folded in.

    conv_linear: of all Conv and Linear weights (HARP's convention, and the one that is shown first); mean_per_layer:
    the mean of the layers' fractions (HYDRA's); all_parameters: of every parameter, batch norm and biases included
    (RADMM's).
    """

    conv_linear: float
    mean_per_layer: float
    all_parameters: float
    parameters: int
    layers: tuple[Layer, ...]


def measure_sparsity(network: nn.Module) -> Sparsity:
    """Count exact zeros in the network's weights."""
    layers = tuple(
        Layer(
            name=name,
            kind=getattr(module, "original_name", type(module).__name__),
            shape=tuple(weight.shape),
            weights=weight.numel(),
            zeros=int((weight == 0).sum()),
        )
        for name, module in network.named_modules()
        if (weight := _weight(module)) is not None
    )
    weights = sum(layer.weights for layer in layers)
    parameters = sum(p.numel() for p in network.parameters())
    zeros = sum(int((p == 0).sum()) for p in network.parameters())
    return Sparsity(
        conv_linear=sum(layer.zeros for layer in layers) / weights if weights else 0.0,
        mean_per_layer=sum(layer.sparsity for layer in layers) / len(layers) if layers else 0.0,
        all_parameters=zeros / parameters if parameters else 0.0,
        parameters=parameters,
        layers=layers,
    )


def _weight(module: nn.Module) -> Tensor | None:
    """The weight of a convolution or linear layer; in a graph, whose modules have no classes, any with 2 dimensions."""
    scripted = isinstance(module, torch.jit.ScriptModule) or type(module) is nn.Module
    if not scripted and not isinstance(module, (*CONV, nn.Linear)):
        return None
    weight = getattr(module, "weight", None)
    return weight if isinstance(weight, Tensor) and weight.ndim > 1 else None
