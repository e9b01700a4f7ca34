"""A faster form of a classifier to search with: whatever it finds is judged by the unmodified one."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

from thinice_tui.models.classifier import Classifier
from thinice_tui.models.windows import Windowed
from thinice_tui.protocol.settings import Precision

SAME = 1e-4
"""How far logits may differ, relative to the largest where that is above 1, for a form to be the same function."""
AGREEING = 0.9
"""Of the probe's predictions, the share that low precision must leave as it is; else it would search elsewhere."""
MOVED = 2
"""Of the probe's images, in how many a window is moved to see whether logits are the same."""
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


@dataclass(frozen=True)
class AttackModel:
    """What attacks differentiate. steps: what makes it faster; refused: what was tried and not kept, and why.

    exact: the same function as the model, for searches by queries, which low precision's rounding misleads: Windowed
    where that pays; module: the form for gradients, which is the same function unless the precision is low.
    """

    module: nn.Module
    exact: nn.Module
    precision: Precision
    steps: tuple[str, ...]
    refused: tuple[str, ...]


class _ChannelsLast(nn.Module):
    """Images become channels_last at the door; attacks themselves need them contiguous (`.view`)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images.contiguous(memory_format=torch.channels_last))
        return logits


class _LowPrecision(nn.Module):
    """Convolutions in bfloat16, the last linear layer in float32: rounded logits hide what a query gains."""

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
    """The fastest form of `judge` that is the same function on `probe` [n,C,H,W], on the probe's device.

    Batch norms are folded into convolutions (Jacob et al. 2018, arXiv 1712.05877, section 3.2) and weights laid out
    channels_last, and on a CPU queries compute only what a window reaches (windows.py), each kept only where logits
    stay within 1e-4; `bf16`: convolutions then in bfloat16, for gradients, kept only where 9 of 10 predictions stay.
    What cannot be copied, traced or verified is searched as it is.
    """
    expected = judge(probe)
    scale = max(1.0, float(expected.abs().max()))
    steps: list[str] = []
    refused: list[str] = []

    def attempt(
        name: str, module: nn.Module, build: Callable[[nn.Module], nn.Module], same: Callable[[Tensor], bool]
    ) -> nn.Module:
        """What is built of the module; the module itself where that does not work."""
        try:
            built: nn.Module = build(copy.deepcopy(module)).requires_grad_(False).eval()
            found = built(probe)
        except Exception as error:  # whatever a stranger's network, or tracing it, may raise
            refused.append(f"{name}: {type(error).__name__}")
            return module
        if not same(found):
            refused.append(f"{name}: other logits")
            return module
        steps.append(name)
        return built

    def equal(found: Tensor) -> bool:
        return bool((found - expected).abs().max() <= SAME * scale)

    def alike(found: Tensor) -> bool:
        agree = (found.argmax(dim=1) == expected.argmax(dim=1)).float().mean()
        return bool(torch.isfinite(found).all()) and float(agree) >= AGREEING

    def windowed(network: nn.Module) -> nn.Module:
        form = Windowed(network, probe)
        if not form.difference(probe[:MOVED]) <= SAME * scale:
            raise LookupError("other logits where a window changes")
        return form

    module = attempt("folded batch norms", judge, _folded, equal)
    module = exact = attempt("channels_last", module, _ChannelsLast, equal)
    if probe.device.type == "cpu":  # not measured on a GPU
        exact = attempt("queries by window", module, windowed, equal)
    if precision == "bf16":
        module = attempt("bf16 convolutions", module, lambda network: _LowPrecision(network, probe.device), alike)
    low = "bf16 convolutions" in steps
    return AttackModel(module, exact, "bf16" if low else "fp32", tuple(steps), tuple(refused))


def _folded(network: nn.Module) -> nn.Module:
    if not any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules()):
        raise LookupError("no batch norm")
    folded: nn.Module = fuse(network)
    return folded
