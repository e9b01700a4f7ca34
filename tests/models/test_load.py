"""A model file is loaded as a whole, or refused with one message."""

from pathlib import Path

import pytest
import torch

from tests.linear_models import ARCH, Files, make_task, module, pruned_weight
from tests.models.reference_networks import REFERENCES
from thinice_tui.errors import CheckpointError, ThiniceError
from thinice_tui.models.architectures.known import KNOWN
from thinice_tui.models.load import AS_STORED, load_model
from thinice_tui.models.normalization import KNOWN as NORMALIZATIONS


def state_of(files: Files) -> dict[str, torch.Tensor]:
    return dict(module(files.task.weight).state_dict())


def test_half_precision_becomes_float32_and_stored_metadata_is_used(tmp_path: Path) -> None:
    network = KNOWN["preact_resnet8"].random(10).half()
    path = tmp_path / "half.pt"
    torch.save({"state_dict": network.state_dict(), "arch": "preact_resnet8", "normalization": "cifar10"}, path)
    model = load_model(path)
    assert model.normalization == NORMALIZATIONS["cifar10"]
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in model.network.parameters())
    assert load_model(path, normalize="none").normalization is None


def test_a_state_that_does_not_fit_is_refused_as_a_whole(files: Files) -> None:
    state = state_of(files)
    state["popup_scores"] = state["1.weight"]
    state["1.bias"] = torch.zeros(6)
    torch.save(state, files.dense)
    with pytest.raises(CheckpointError) as caught:
        load_model(files.dense, ARCH)
    assert "unexpected popup_scores" in caught.value.what
    assert "1.bias is 6, expected 5" in caught.value.what
    del state["popup_scores"], state["1.bias"]
    torch.save(state, files.dense)
    with pytest.raises(CheckpointError, match=r"missing 1\.bias"):
        load_model(files.dense, ARCH)


def test_missing_batch_norm_counters_are_allowed(tmp_path: Path) -> None:
    state = KNOWN["cifar_resnet18"].random(10).state_dict()
    old = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    torch.save(old, tmp_path / "old.pt")
    assert load_model(tmp_path / "old.pt", "cifar_resnet18").arch == "cifar_resnet18"


def test_the_name_in_a_file_counts_if_its_tensors_fit(tmp_path: Path) -> None:
    """Training code keeps a published name for a network with a stem for small images."""
    for name, found in (
        ("preact_resnet18_fast_at", "preact_resnet18_fast_at"),
        ("wide_resnet_28_10", "preact_resnet18"),
    ):
        torch.save({"state_dict": REFERENCES["preact_resnet18"].make(10, 3), "arch": name}, tmp_path / "a.pt")
        model = load_model(tmp_path / "a.pt")
        assert model.arch.partition(" ")[0] == found and bool(model.alternatives) == (name != found)


@pytest.mark.parametrize("stored", ["cifar11", {"mean": [0.5]}, {"mean": [0.5], "std": [0.0]}, 3, ["a"]])
def test_an_unusable_stored_normalisation_is_refused(files: Files, stored: object) -> None:
    torch.save({"state_dict": state_of(files), "normalization": stored}, files.dense)
    with pytest.raises(CheckpointError, match="normalization"):
        load_model(files.dense, ARCH)
    assert load_model(files.dense, ARCH, "none").normalization is None


def test_the_sparsity_of_a_file_is_that_of_its_weights(files: Files) -> None:
    weight = pruned_weight(make_task().weight, 0.7)
    assert load_model(files.pruned, ARCH).sparsity.conv_linear > 0.15
    torch.save(module(weight).state_dict(), files.pruned)
    expected = float((weight == 0).mean())
    assert load_model(files.pruned, ARCH).sparsity.conv_linear == pytest.approx(expected)


def test_an_error_has_a_remedy_and_exit_code_1(files: Files) -> None:
    files.pruned.write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(ThiniceError) as caught:
        load_model(files.pruned)
    assert caught.value.do and caught.value.exit_code == 1


OWN_MASKS = """
import torch
from torch import nn

class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(5, 192))
        self.register_buffer("weight_mask", torch.ones(5, 192))
        self.register_buffer("mean", torch.zeros(3, 1, 1))
        self.register_buffer("std", torch.ones(3, 1, 1))

    def forward(self, x):
        x = ((x - self.mean) / self.std).flatten(1)
        return x @ (self.weight * (0.5 + self.weight_mask)).T

def build():
    return Masked()
"""
"""A network that uses a mask in a way of its own: what is masked counts a third."""


@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_network_of_the_user_that_has_masks_itself_gets_them_as_stored(prefix: str, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(OWN_MASKS)
    random = torch.Generator().manual_seed(0)
    state = {
        "weight": torch.randn(5, 192, generator=random),
        "weight_mask": (torch.rand(5, 192, generator=random) < 0.5).float(),
        "mean": torch.rand(3, 1, 1, generator=random),
        "std": torch.rand(3, 1, 1, generator=random) + 0.5,
    }
    torch.save({prefix + key: value for key, value in state.items()}, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt", f"{tmp_path}/net.py:build")
    images = torch.rand(2, 3, 8, 8, generator=random)
    flat = ((images - state["mean"]) / state["std"]).reshape(2, -1)
    expected = flat @ (torch.where(state["weight_mask"] > 0, 1.5, 0.5) * state["weight"]).T
    assert torch.allclose(model.classifier()(images), expected, atol=1e-4)
    assert AS_STORED in model.notes and model.checkpoint.folded == () and model.source == "inside the network"
    assert model.checkpoint.stored is None, "the values are held once"
    torch.save({"state_dict": state, "masks": {"weight": state["weight_mask"]}}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="missing weight_mask"):
        load_model(tmp_path / "a.pt", f"{tmp_path}/net.py:build")
