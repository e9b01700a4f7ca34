"""A small network of the user's own, as `--arch` names it, and its formula; also live versions of it, with masks."""

from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import LoadedModel, load_model

State = dict[str, Tensor]
WEIGHTS = ("conv.weight", "fc.weight")


def network(num_classes: int = 5) -> nn.Sequential:
    """A convolution of 4 filters and a linear layer, for images of 3×8×8."""
    layers: list[tuple[str, nn.Module]] = [
        ("conv", nn.Conv2d(3, 4, 3, padding=1)),
        ("relu", nn.ReLU()),
        ("flat", nn.Flatten()),
        ("fc", nn.Linear(4 * 8 * 8, num_classes)),
    ]
    return nn.Sequential(OrderedDict(layers))


class Masked(nn.Module):
    """A parametrisation that multiplies by a mask, which its state dict holds."""

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight: Tensor) -> Tensor:
        mask = self.mask
        assert isinstance(mask, Tensor)
        return weight * mask


class Unsaved(Masked):
    """As torch.ao.pruning's FakeSparsity, whose mask is not saved."""

    def state_dict(self, *_: object, **__: object) -> dict[str, object]:  # type: ignore[override]
        return {}


def with_masks() -> nn.Module:
    """The network with a mask in the state dict, of ones until one is loaded."""
    live = network()
    parametrize.register_parametrization(live.get_submodule("fc"), "weight", Masked(torch.ones(5, 256)))
    return live


def with_unsaved_masks() -> nn.Module:
    live = network()
    parametrize.register_parametrization(live.get_submodule("fc"), "weight", Unsaved(torch.ones(5, 256)))
    return live


class OwnLinear(nn.Module):
    """A linear layer whose scores are used in another way than any published method."""

    def __init__(self, ins: int, outs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outs, ins))
        self.bias = nn.Parameter(torch.zeros(outs))
        self.scores = nn.Parameter(torch.zeros(outs, ins))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * torch.sigmoid(self.scores), self.bias)


def with_own_scores() -> nn.Module:
    live = network()
    live.fc = OwnLinear(4 * 8 * 8, 5)
    return live


ARCH = f"{Path(__file__)}:network"


def arch(factory: str) -> str:
    return f"{Path(__file__)}:{factory}"


def make(seed: int = 0) -> State:
    """Random weights."""
    random = torch.Generator().manual_seed(seed)
    return {key: 0.3 * torch.randn(value.shape, generator=random) for key, value in network().state_dict().items()}


def make_masks(state: State, seed: int = 1) -> State:
    """Random masks of zeros and ones for the two weights."""
    random = torch.Generator().manual_seed(seed)
    return {key: (torch.rand(state[key].shape, generator=random) < 0.6).float() for key in WEIGHTS}


def masked(state: State, masks: State) -> State:
    """The state with zeros where masks are zero."""
    return {key: torch.where(masks[key] > 0, value, 0) if key in masks else value for key, value in state.items()}


def save(content: object, folder: Path) -> Path:
    torch.save(content, folder / "a.pt")
    return folder / "a.pt"


def check(path: Path, effective: State, spec: str = ARCH, keep: float | None = None) -> LoadedModel:
    """Check that the file's logits are those of the effective weights, and its zeros theirs; returns the model."""
    model = load_model(path, spec, keep=keep)
    images = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(2))
    hidden = F.relu(F.conv2d(images, effective["conv.weight"], effective["conv.bias"], padding=1))
    logits = F.linear(hidden.reshape(3, -1), effective["fc.weight"], effective["fc.bias"])
    with torch.no_grad():
        assert torch.allclose(model.classifier()(images), logits, atol=1e-5)
    if spec == ARCH:
        zeros = sum(int((effective[key] == 0).sum()) for key in WEIGHTS)
        weights = sum(effective[key].numel() for key in WEIGHTS)
        assert model.sparsity.conv_linear == pytest.approx(zeros / weights)
    return model


def refused(path: Path, spec: str = ARCH, keep: float | None = None) -> CheckpointError:
    """The error for the file, which must be refused with exit code 1, by its name, and with what to do."""
    with pytest.raises(CheckpointError) as caught:
        load_model(path, spec, keep=keep)
    assert caught.value.exit_code == 1 and caught.value.do and str(path) in caught.value.what
    return caught.value
