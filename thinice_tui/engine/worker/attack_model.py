"""Faster forms of a classifier for attacks to search with; what they find is verified with the unmodified one."""

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

from thinice_tui.attacks.losses import logit_margins
from thinice_tui.engine.worker.device import CPU, has_bfloat16, why_no_tf32
from thinice_tui.engine.worker.full_precision import tensor_float32
from thinice_tui.engine.worker.memory import is_out_of_memory
from thinice_tui.engine.worker.relus_in_place import relus_in_place
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.settings import Precision

SAME = 1e-4
"""How far the logits of two forms of one function may differ, relative to the largest logit where that is above 1."""
GRADIENT_IMAGES = 4
"""Images of the probe on which gradients are compared."""
SAME_GRADIENT = 0.05
"""How far the gradients of two forms of one function may differ, relative to their length: ReLUs at zero may switch."""
NEAR_GRADIENT = 0.5
"""The cosine between the gradients of low precision and of the model that low precision must keep."""
AGREEING = 0.9
"""The share of the probe's predictions that low precision must keep."""
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


@dataclass(frozen=True)
class AttackModel:
    """module: what gradient attacks differentiate; the same function as the model unless the precision is low.

    exact: always the same function as the model, for attacks by queries, which rounded logits mislead. steps: what was
    done to make it faster; refused: what was tried and not kept, and why.
    """

    module: nn.Module
    exact: nn.Module
    precision: Precision
    steps: tuple[str, ...]
    refused: tuple[str, ...]

    def searching(self) -> AbstractContextManager[None]:
        """Inside, passes through `module` have its precision, backward ones too; a judge must set full precision."""
        return tensor_float32() if self.precision == "tf32" else nullcontext()


def _channels_last(network: nn.Module) -> nn.Module:
    """Weights in channels_last: the first convolution converts what it is given, and later layers keep the layout.

    Images come contiguous, as attacks and networks need them (`.view`): converting them any earlier is a copy more.
    """
    converted: nn.Module = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return converted


class _LowPrecision(nn.Module):
    """Convolutions in bfloat16, and the last linear layer in float32, so that logits are not rounded."""

    def __init__(self, network: nn.Module, device: torch.device) -> None:
        super().__init__()
        linear = [name for name, module in network.named_modules() if isinstance(module, nn.Linear)]
        for module in network.modules():
            if isinstance(module, CONVOLUTIONS):
                module.to(torch.bfloat16)
        if linear:
            network.set_submodule(linear[-1], _FullPrecision(network.get_submodule(linear[-1]), device))
        self.network = network
        self._device = device.type

    def forward(self, images: Tensor) -> Tensor:
        with torch.autocast(self._device, dtype=torch.bfloat16):
            logits: Tensor = self.network(images)
        return logits.float()


class _FullPrecision(nn.Module):
    def __init__(self, layer: nn.Module, device: torch.device) -> None:
        super().__init__()
        self.layer = layer
        self._device = device.type

    def forward(self, features: Tensor) -> Tensor:
        with torch.autocast(self._device, enabled=False):
            out: Tensor = self.layer(features.float())
        return out


@torch.no_grad()
def prepare_attack_model(judge: Classifier, probe: Tensor, precision: Precision) -> AttackModel:
    """The fastest forms of `judge` that agree with it on `probe` [n,C,H,W], on the probe's device.

    Batch norms are folded into convolutions (Jacob et al. 2018, arXiv 1712.05877, section 3.2), ReLUs overwrite their
    input, and weights are laid out channels_last; each step is kept only where logits stay within 1e-4, and gradients
    within 5 %: tracing drops gradients that a network defines itself, and `no_grad`. With `bf16`, convolutions for
    gradients are computed in bfloat16, with `tf32` in TF32, which is kept only where 9 of 10 predictions stay and
    gradients point the same way. The layout follows a rule, not a measurement, which could choose otherwise the next
    time: channels_last on CPUs and for tf32 and bf16, contiguous for fp32 on GPUs (not measured: docs/gpu.md).
    A network that cannot be copied or traced is attacked as it is.
    """
    expected, direction = judge(probe), _gradients(judge, probe)
    scale = max(1.0, float(expected.abs().max()))
    steps: list[str] = []
    refused: list[str] = []

    def attempt(
        name: str,
        module: nn.Module,
        build: Callable[[nn.Module], nn.Module],
        low: AbstractContextManager[None] | None = None,
    ) -> nn.Module:
        """What `build` makes of the module, or the module itself where that fails or is another function.

        low: it has low precision inside this; None: it has that of the model.
        """
        same, same_direction = (equal, equal_direction) if low is None else (alike, near)
        try:
            built: nn.Module = build(copy.deepcopy(module)).requires_grad_(False).eval()
            with low or nullcontext():
                found, gradients = built(probe), _gradients(built, probe)
        except Exception as error:  # a user's network, or tracing it, may raise anything
            if is_out_of_memory(error):
                raise
            refused.append(f"{name}: {type(error).__name__}")
            return module
        if not same(found):
            refused.append(f"{name}: other logits")
            return module
        if not same_direction(gradients):
            refused.append(f"{name}: other gradients")
            return module
        steps.append(name)
        return built

    def equal(found: Tensor) -> bool:
        return bool((found - expected).abs().max() <= SAME * scale)

    def equal_direction(gradients: Tensor) -> bool:
        return bool((gradients - direction).norm() <= SAME_GRADIENT * direction.norm())

    def near(gradients: Tensor) -> bool:
        return bool((gradients * direction).sum() >= NEAR_GRADIENT * gradients.norm() * direction.norm())

    def alike(found: Tensor) -> bool:
        agree = (found.argmax(dim=1) == expected.argmax(dim=1)).float().mean()
        return bool(torch.isfinite(found).all()) and float(agree) >= AGREEING

    module = attempt("folded batch norms", judge, _folded)
    module = attempt("ReLUs in place", module, relus_in_place)
    on_cpu = probe.device.type == CPU.type
    exact = module = attempt("channels_last", module, _channels_last) if on_cpu else module
    used: Precision = "fp32"
    if precision == "bf16" and not has_bfloat16(probe.device):
        refused.append("bf16 convolutions: the device has no bfloat16")
    elif precision == "tf32" and (missing := why_no_tf32(probe.device)):
        refused.append(f"TF32: {missing}")
    elif precision == "bf16":
        laid_out = (lambda network: network) if on_cpu else _channels_last
        module = attempt(
            "bf16 convolutions", exact, lambda network: _LowPrecision(laid_out(network), probe.device), nullcontext()
        )
    elif precision == "tf32":
        module = attempt("TF32", exact, _channels_last, tensor_float32())
    if module is not exact:
        used = precision
    return AttackModel(module, exact, used, tuple(steps), tuple(refused))


def _gradients(model: nn.Module, probe: Tensor) -> Tensor:
    """Gradients [n,C,H,W] of the first images' logit margins to the likeliest class; 0 where there is none."""
    inputs = probe[:GRADIENT_IMAGES].clone().requires_grad_()
    with torch.enable_grad():
        logits = model(inputs)
        if not logits.requires_grad:
            return torch.zeros_like(inputs)
        margins = logit_margins(logits, logits.detach().argmax(dim=1))
        return torch.autograd.grad(margins.sum(), inputs, materialize_grads=True)[0]


def _folded(network: nn.Module) -> nn.Module:
    if not any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules()):
        raise LookupError("no batch norm")
    folded: nn.Module = fuse(network)
    return folded
