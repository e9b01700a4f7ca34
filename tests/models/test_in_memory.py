"""A torch module in memory as a model: a frozen copy, whose hash is of its weights alone."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from tests.linear_models import linear
from thinice_tui.errors import ModelError
from thinice_tui.models.in_memory import from_memory, weights_sha256


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5))


def test_the_copy_is_frozen_and_the_module_is_not() -> None:
    module = network().train()
    model = from_memory(module, "mine")
    assert not model.network.training and not any(p.requires_grad for p in model.network.parameters())
    assert module.training and all(p.requires_grad for p in module.parameters())
    assert str(model.path) == "mine (in memory)" and model.arch == "Sequential (in memory)"
    assert model.normalization is None and model.source == "given"
    assert model.checkpoint.sha256 == weights_sha256(module)
    images = torch.rand(2, 3, 8, 8)
    assert torch.equal(model.classifier()(images), copy.deepcopy(module).eval()(images))


def test_masks_that_are_being_trained_are_folded_into_the_copy() -> None:
    module = network()
    for place in ("0", "4"):
        prune.l1_unstructured(module.get_submodule(place), "weight", 0.5)  # type: ignore[no-untyped-call]
    assert not module.get_submodule("4").weight.is_leaf  # copy.deepcopy alone refuses such a module
    model = from_memory(module, "mine")
    assert model.sparsity.conv_linear == pytest.approx(0.5, abs=0.01) and "2 masks" in model.notes[0]
    assert prune.is_pruned(module) and "0.weight_mask" in module.state_dict()
    images = torch.rand(2, 3, 8, 8)
    assert torch.equal(model.classifier()(images), copy.deepcopy(model.network)(images))
    assert torch.equal(model.classifier()(images), module.eval()(images).detach())


def test_computed_weights_are_copied() -> None:
    module = parametrizations.weight_norm(linear().get_submodule("1"))
    whole = nn.Sequential(nn.Flatten(), module)
    images = torch.rand(2, 3, 8, 8)
    assert torch.equal(from_memory(whole, "mine").classifier()(images), whole(images).detach())


def test_the_hash_is_of_names_shapes_types_and_values() -> None:
    module = network()
    first = weights_sha256(module)
    same = network().train()
    same.requires_grad_(False)
    assert weights_sha256(same) == first and len(first) == 64
    others = []
    changed = network()
    with torch.no_grad():
        changed.get_parameter("0.bias")[0] += 1e-6
    others.append(changed)
    others.append(network().double())
    renamed = nn.Sequential()
    for name, part in network().named_children():
        renamed.add_module(f"a{name}", part)
    others.append(renamed)
    counted = network()
    counted.get_buffer("1.num_batches_tracked").add_(1)
    others.append(counted)
    hidden = network()
    hidden.register_buffer("mean", torch.zeros(3), persistent=False)
    others.append(hidden)
    shifted = network()
    shifted.register_buffer("mean", torch.ones(3), persistent=False)
    others.append(shifted)
    hashes = [weights_sha256(other) for other in others]
    assert len({first, *hashes}) == 7


def test_wrappers_are_taken_off() -> None:
    module = network()
    wrapped = nn.DataParallel(module)
    assert from_memory(wrapped, "mine").checkpoint.sha256 == weights_sha256(module)
    assert from_memory(wrapped, "mine").arch == "Sequential (in memory)"


def test_scripted_and_half_precision_modules_are_taken() -> None:
    scripted = torch.jit.trace(network().eval(), torch.rand(1, 3, 8, 8))  # type: ignore[no-untyped-call]
    images = torch.rand(2, 3, 8, 8)
    assert from_memory(scripted, "mine").classifier()(images).shape == (2, 5)
    half = from_memory(network().half(), "mine")
    assert half.classifier()(images).dtype == torch.float32


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (nn.Linear(2, 2, device="meta"), "without values"),
        (nn.Linear(2, 2, dtype=torch.complex64), "is complex"),
        (print, "expected a torch.nn.Module"),
    ],
    ids=["meta", "complex", "function"],
)
def test_what_cannot_be_attacked_is_refused(module: nn.Module, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        from_memory(module, "mine")
