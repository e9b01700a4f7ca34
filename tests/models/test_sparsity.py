"""The three sparsities, on networks whose zeros are counted by hand; of masks of a network's own code, the zeros of the
weights that the masks' formulas give."""

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.commands.calling import call
from tests.models import masked_networks
from tests.models.masked_networks import (
    CLASSES,
    Attention,
    Failing,
    GatedLinear,
    MaskedConv,
    ScoredConv,
    TwinConv,
    network,
)
from thinice_tui.models.load import load_model
from thinice_tui.models.sparsity import measure_sparsity

FACTORIES = Path(masked_networks.__file__)
CONV, HEAD = 6 * 3 * 3 * 3, 6 * CLASSES


def zeros(weight: Tensor) -> int:
    return int((weight == 0).sum())


def save_whole(subject: nn.Module, path: Path) -> Path:
    torch.save(subject, path)
    return path


def test_the_three_sparsities() -> None:
    """Two layers of 4 and 12 weights with 1 and 9 zeros, and biases of 2 and 6 with 2 and 0."""
    first, second = torch.nn.Linear(2, 2), torch.nn.Linear(2, 6)
    network = torch.nn.Sequential(first, second)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1.0)
        first.weight.view(-1)[:1] = 0
        first.bias.fill_(0)
        second.weight.view(-1)[:9] = 0
    found = measure_sparsity(network)
    assert found.conv_linear == pytest.approx(10 / 16)
    assert found.mean_per_layer == pytest.approx((1 / 4 + 9 / 12) / 2)
    assert found.all_parameters == pytest.approx(12 / 24)
    assert [(layer.name, layer.zeros) for layer in found.layers] == [("0", 1), ("1", 9)]


def test_a_network_without_layers_has_no_sparsity() -> None:
    assert measure_sparsity(torch.nn.Identity()).conv_linear == 0.0


def test_masks_in_the_code_of_a_whole_module_are_counted(tmp_path: Path) -> None:
    first, last = MaskedConv(), GatedLinear()
    model = load_model(save_whole(network(first, last), tmp_path / "a.pt"), trust=True)
    conv, head = zeros(first.effective()), zeros(last.effective())
    assert 0.5 * CONV < conv < CONV and head == HEAD // 4
    found = model.sparsity
    assert [(layer.name, layer.kind, layer.zeros) for layer in found.layers] == [
        *(("0", "MaskedConv", conv), ("4.w", "GatedLinear", head)),
    ]
    assert found.conv_linear == pytest.approx((conv + head) / (CONV + HEAD))
    assert found.mean_per_layer == pytest.approx((conv / CONV + head / HEAD) / 2)
    assert found.all_parameters == pytest.approx((conv + head) / (CONV + 6 + HEAD))
    assert found.parameters == CONV + 6 + HEAD and not found.notes
    images = torch.rand(2, 3, 8, 8)
    hidden = F.relu(F.conv2d(images, first.effective(), first.bias)).mean(dim=(2, 3))
    assert torch.allclose(model.classifier()(images), F.linear(hidden, last.effective()), atol=1e-5)


def test_scores_are_no_parameters_where_the_forward_pass_ranks_weights_by_them(tmp_path: Path) -> None:
    first = ScoredConv()
    found = load_model(save_whole(network(first), tmp_path / "a.pt"), trust=True).sparsity
    assert found.conv_linear == pytest.approx(int(0.6 * CONV) / (CONV + HEAD))
    assert found.parameters == CONV + 6 + HEAD + CLASSES


def test_of_two_factors_one_is_the_weight(tmp_path: Path) -> None:
    first = TwinConv()
    found = load_model(save_whole(network(first), tmp_path / "a.pt"), trust=True).sparsity
    assert {layer.name: layer.zeros for layer in found.layers} == {"0": zeros(first.effective()), "4": 0}
    assert found.parameters == CONV + HEAD + CLASSES


def test_masks_in_the_code_of_a_factory_are_counted(tmp_path: Path) -> None:
    torch.save(masked_networks.gated_head().state_dict(), tmp_path / "a.pt")
    found = load_model(tmp_path / "a.pt", f"{FACTORIES}:gated_head").sparsity
    assert {layer.name: layer.zeros for layer in found.layers} == {"0": 0, "4.w": HEAD // 4}
    assert found.conv_linear == pytest.approx(HEAD // 4 / (CONV + HEAD))


def test_parametrisations_are_counted() -> None:
    found = measure_sparsity(masked_networks.parametrized(), own_code=True)
    assert {layer.name: layer.zeros for layer in found.layers} == {"0": CONV // 2, "4": 0}
    assert found.all_parameters == pytest.approx(CONV / 2 / (CONV + 6 + HEAD + CLASSES))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", ["traced", "exported"])
def test_masks_of_graphs_are_counted(way: str, tmp_path: Path) -> None:
    first = MaskedConv()
    subject, path, images = network(first), tmp_path / "a.pt2", torch.rand(2, 3, 32, 32)
    if way == "traced":
        torch.jit.save(torch.jit.trace(subject, images), path)  # type: ignore[no-untyped-call]
    else:
        torch.export.save(torch.export.export(subject, (images,)), path)
    found = load_model(path, trust=True).sparsity
    assert found.conv_linear == pytest.approx(zeros(first.effective()) / (CONV + HEAD)) and not found.notes


@pytest.mark.filterwarnings("ignore")
def test_masks_of_torch_prune_in_a_traced_network_are_counted(tmp_path: Path) -> None:
    subject = network(nn.Conv2d(3, 6, 3))
    torch.nn.utils.prune.l1_unstructured(subject.get_submodule("0"), "weight", amount=100)  # type: ignore[no-untyped-call]
    torch.jit.save(torch.jit.trace(subject, torch.rand(2, 3, 8, 8)), tmp_path / "a.pt")  # type: ignore[no-untyped-call]
    found = load_model(tmp_path / "a.pt", trust=True).sparsity
    assert {layer.name: layer.zeros for layer in found.layers} == {"0": 100, "4": 0}


def test_the_weights_of_attention_are_counted(tmp_path: Path) -> None:
    subject = network(Attention())
    for found in (
        load_model(save_whole(subject, tmp_path / "a.pt"), trust=True).sparsity,
        measure_sparsity(copy.deepcopy(subject)),
    ):
        assert {layer.name: (layer.weights, layer.zeros) for layer in found.layers} == {
            "0.conv": (CONV, 0),
            "0.attention.in_proj": (3 * 6 * 6, 9 * 6),
            "0.attention.out_proj": (6 * 6, 0),
            "4": (HEAD, 0),
        }


def test_gates_of_channels_are_no_zeros_of_weights_but_noted(tmp_path: Path) -> None:
    path = save_whole(network(masked_networks.GatedChannels()), tmp_path / "a.pt")
    found = load_model(path, trust=True)
    assert found.sparsity.conv_linear == 0
    assert "3 of 6 values of 0.gate are zero and in no weight" in found.notes[-1]
    shown = " ".join(call("inspect", path, "--trust-pickle").stdout.split())
    assert "3 of 6 values of 0.gate are zero and in no weight" in shown


def test_a_mask_that_is_folded_already_is_not_noted() -> None:
    first = nn.Conv2d(3, 6, 3)
    first.register_buffer("mask", (torch.rand_like(first.weight) > 0.5).float())
    with torch.no_grad():
        first.weight.mul_(first.get_buffer("mask"))
    assert measure_sparsity(network(first), own_code=True).notes == ()


def test_code_that_cannot_be_run_on_trial_images_is_noted(tmp_path: Path) -> None:
    model = load_model(save_whole(network(Failing()), tmp_path / "a.pt"), trust=True)
    assert model.sparsity.conv_linear == 0 and "(0.mask) and could not be run on a trial image" in model.notes[-1]
