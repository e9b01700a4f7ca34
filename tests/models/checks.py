"""Checks of loaded models: logits and zeros are those of the weights that a paper's formula gives."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.models.reference_networks import REFERENCES, Reference, State, effective_sparsity
from thinice_tui.models.architectures.known import KNOWN
from thinice_tui.models.load import LoadedModel, load_model

NETWORK, VGG = "cifar_resnet18", "vgg16_hydra"


def weights(state: State) -> list[str]:
    """The names of Conv and Linear weights."""
    return [key for key, value in state.items() if key.endswith("weight") and value.ndim > 1]


def prefixed(prefix: str, state: State) -> State:
    return {prefix + key: value for key, value in state.items()}


def zeroed(state: State, fraction: float = 0.7, seed: int = 3) -> State:
    """`state` with random Conv and Linear weights set to zero."""
    random = torch.Generator().manual_seed(seed)
    return {
        key: value * (torch.rand(value.shape, generator=random) >= fraction) if key in weights(state) else value
        for key, value in state.items()
    }


def check(model: LoadedModel, name: str, effective: State) -> None:
    """Check that logits and zeros are those of the effective weights, and that the network is the named one."""
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = model.classifier()(images)
    if model.normalization is not None:
        mean, std = (torch.tensor(v).view(1, -1, 1, 1) for v in (model.normalization.mean, model.normalization.std))
        images = (images - mean) / std
    assert torch.allclose(found, REFERENCES[name].logits(effective, images), atol=1e-4, rtol=1e-4)
    assert model.arch.partition(" ")[0] == name
    assert model.sparsity.conv_linear == pytest.approx(effective_sparsity(effective), abs=1e-9)


def top(scores: Tensor, keep: float) -> Tensor:
    """A mask of ones for the largest magnitudes; the lowest int((1 − keep)·n) are zero."""
    flat = scores.abs().double().numpy().ravel()
    rank = np.empty(len(flat), dtype=int)
    rank[np.argsort(flat, kind="stable")] = np.arange(len(flat))
    return torch.from_numpy((rank >= int((1 - keep) * len(flat))).astype(np.float32)).view(scores.shape)


def save(state: State, path: Path) -> Path:
    torch.save(state, path)
    return path


def check_same(path: Path, state: State, name: str, channels: int = 3) -> None:
    """Check that the file is recognised and that the classifier gives the formula's logits."""
    model = load_model(path)
    assert model.arch.partition(" ")[0] == name
    images = torch.rand(2, channels, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = model.classifier()(images)
    assert torch.allclose(found, REFERENCES[name].logits(state, images), atol=1e-4, rtol=1e-4)


def check_variant(reference: Reference, path: Path) -> None:
    """Check that --arch builds the variant, and that it is beside the recognised network where nothing is named."""
    state = reference.make(10, 3)
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    expected = reference.logits(state, images)
    save(state, path)
    named, found = load_model(path, reference.name), load_model(path)
    beside = {model.arch.partition(" ")[0]: model for model in found.alternatives}
    assert found.arch.partition(" ")[0] == KNOWN[reference.name].variant_of
    with torch.no_grad():
        for model in (named, beside[reference.name]):
            assert model.arch.partition(" ")[0] == reference.name
            assert torch.allclose(model.classifier()(images), expected, atol=1e-4, rtol=1e-4)
        assert not torch.allclose(found.classifier()(images), expected, atol=1e-2)
    assert not named.alternatives


def live_network() -> tuple[State, nn.Module]:
    """A state, and a network with its values."""
    state = REFERENCES[NETWORK].make(10, 3)
    live = KNOWN[NETWORK].make({key: tuple(value.shape) for key, value in state.items()})
    live.load_state_dict(state, assign=True)
    return state, live


def logits_of(model: LoadedModel, images: Tensor) -> Tensor:
    """The classifier's logits, without gradients."""
    with torch.no_grad():
        logits: Tensor = model.classifier()(images)
    return logits
