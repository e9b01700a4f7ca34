"""The sparsity of a network, by the three conventions of the literature and per layer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from thinice_tui.models.layer_weights import is_mask_name
from thinice_tui.models.weights_in_use import TrialPass, UsedWeight, run_trial_pass, weights_by_source
from thinice_tui.runfile.records import Layer

CONV = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
ATTENTION_WEIGHTS = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")
PARAMETRIZED = re.compile(r"(?:^|(?<=\.))parametrizations\.([^.]+)\..*")


@dataclass(frozen=True)
class Sparsity:
    """Fractions of zeros in [0,1], after masks are folded in.

    conv_linear: of all Conv and Linear weights (HARP's convention, and the one that is shown first); mean_per_layer:
    the mean of the layers' fractions (HYDRA's); all_parameters: of every parameter, batch norm and biases included
    (RADMM's). parameters: their number, without masks and scores that are in use.
    """

    conv_linear: float
    mean_per_layer: float
    all_parameters: float
    parameters: int
    layers: tuple[Layer, ...]
    masked_by_code: bool = False
    """Whether layers get weights that the network's own code computes from the stored ones."""
    notes: tuple[str, ...] = ()
    """What is not counted, in words."""


def measure_sparsity(network: nn.Module, own_code: bool = False) -> Sparsity:
    """Count exact zeros in the network's weights.

    own_code: whether its code is the user's, which may mask weights as it uses them: those that its layers get in a
    trial pass are counted then.
    """
    parameters = dict(network.named_parameters())
    layers = {layer.name: layer for layer in _layers(network)}
    trial = run_trial_pass(network) if own_code else TrialPass()
    masks: set[str] = set()
    more_zeros = 0
    for source, used in weights_by_source(network, trial):
        name = _layer_name(source)
        layers[name] = _layer(network, name, used, layers.get(name))
        if source in parameters and not used.source:
            more_zeros += used.zeros - _zeros(parameters[source])
            masks |= {mask for mask in parameters if is_mask_name(mask) and _module_name(mask) == _module_name(source)}
    weights = sum(layer.weights for layer in layers.values())
    counted = [value for name, value in parameters.items() if name not in masks]
    number = sum(value.numel() for value in counted)
    return Sparsity(
        conv_linear=sum(layer.zeros for layer in layers.values()) / weights if weights else 0.0,
        mean_per_layer=sum(layer.sparsity for layer in layers.values()) / len(layers) if layers else 0.0,
        all_parameters=(sum(map(_zeros, counted)) + more_zeros) / number if number else 0.0,
        parameters=number,
        layers=tuple(layers.values()),
        masked_by_code=any(not used.source for used in trial.weights),
        notes=tuple(_uncounted(network, trial)) if own_code else (),
    )


def _layers(network: nn.Module) -> Iterator[Layer]:
    """The layers of torch's classes, with the weights that they hold."""
    for name, module in network.named_modules():
        kind = _kind(module)
        if (weight := _weight(module)) is not None:
            yield Layer(name, kind, tuple(weight.shape), weight.numel(), _zeros(weight))
        if isinstance(module, nn.MultiheadAttention):
            for own in ATTENTION_WEIGHTS:
                if (weight := getattr(module, own)) is not None:
                    at = _layer_name(f"{name}.{own}" if name else own)
                    yield Layer(at, kind, tuple(weight.shape), weight.numel(), _zeros(weight))


def _weight(module: nn.Module) -> Tensor | None:
    """The weight of a convolution or linear layer; in a graph, whose modules have no classes, any with 2 dimensions."""
    scripted = isinstance(module, torch.jit.ScriptModule) or type(module) is nn.Module
    if not scripted and not isinstance(module, (*CONV, nn.Linear)):
        return None
    weight = getattr(module, "weight", None)
    return weight if isinstance(weight, Tensor) and weight.ndim > 1 else None


def _layer(network: nn.Module, name: str, used: UsedWeight, known: Layer | None) -> Layer:
    """The layer with the zeros of the weight in use; known: the layer of that name, if there is one yet."""
    if known is not None and known.weights == used.value.numel():
        return replace(known, zeros=used.zeros)
    modules = dict(network.named_modules())
    owner = name if name in modules else used.module  # the layer may be one of several weights of a module
    return Layer(name, _kind(modules[owner]), used.shape, used.value.numel(), used.zeros)


def _kind(module: nn.Module) -> str:
    return str(getattr(module, "original_name", type(module).__name__))


def _layer_name(tensor: str) -> str:
    """The name of the layer whose weight the tensor is: that of its module, or its own where it is not `weight`."""
    plain = PARAMETRIZED.sub(r"\1", tensor).removesuffix("_orig")
    module, _, own = plain.rpartition(".")
    return module if own == "weight" else plain.removesuffix("_weight")


def _module_name(tensor: str) -> str:
    return PARAMETRIZED.sub(r"\1", tensor).rpartition(".")[0]


def _zeros(values: Tensor) -> int:
    return int((values == 0).sum())


def _uncounted(network: nn.Module, trial: TrialPass) -> Iterator[str]:
    """What masks may do that is not counted, in words."""
    held = dict(network.named_parameters()) | dict(network.named_buffers())
    masks = {name: value for name, value in held.items() if is_mask_name(name)}
    if masks and trial.failure:
        yield (
            f"its own code has masks ({_some(list(masks))}) and could not be run on a trial image ({trial.failure}): "
            "weights that it masks are counted as they are stored"
        )
        return
    computed = [used for used in trial.weights if not used.source]
    modules, shapes = {used.module for used in computed}, {used.shape for used in computed}
    apart = {
        name: value
        for name, value in masks.items()
        if _zeros(value) and _module_name(name) not in modules and tuple(value.shape) not in shapes
        if not any(_is_folded(value, weight) for other, weight in held.items() if other not in masks)
    }
    if apart:
        zeros, number = sum(map(_zeros, apart.values())), sum(value.numel() for value in apart.values())
        yield (
            f"{zeros:,} of {number:,} values of {_some(list(apart))} are zero and in no weight: what they switch off "
            "is not counted in the sparsity"
        )


def _is_folded(mask: Tensor, weight: Tensor) -> bool:
    """Whether the weight is zero wherever the mask is."""
    return mask.shape == weight.shape and not bool(((mask == 0) & (weight != 0)).any())


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
