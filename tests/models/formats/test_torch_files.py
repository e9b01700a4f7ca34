"""Checkpoints of torch.save: in its old format, and whole modules where they are trusted."""

import pickle
from argparse import Namespace
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.models.checks import NETWORK, check, zeroed
from tests.models.reference_networks import REFERENCES
from tests.refused_files import EXECUTED, RunsCode, legacy, refused
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model

NAME = "cifar_resnet18"


def test_the_legacy_format_is_read(tmp_path: Path) -> None:
    state = REFERENCES[NAME].make(10, 3)
    torch.save({"state_dict": state}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    model = load_model(tmp_path / "a.pth")
    assert model.checkpoint.form == "torch legacy" and model.arch.startswith(NAME)


def test_structured_pruning_of_a_whole_module(tmp_path: Path) -> None:
    """Torch-Pruning saves modules with fewer channels, whose connections only the module itself knows."""
    network = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 64, 4))
    torch.save(network, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt", trust=True)
    images = torch.rand(2, 3, 8, 8)
    assert torch.allclose(model.classifier()(images), network(images))
    assert model.sparsity.parameters == 3 * 5 * 9 + 5 + 5 * 64 * 4 + 4


@pytest.mark.parametrize("save", [torch.save, legacy])
def test_arrays_in_place_of_tensors_and_numpys_values_beside_them(
    save: Callable[[object, Path], None], tmp_path: Path
) -> None:
    state = zeroed(REFERENCES[NETWORK].make(10, 3))
    arrays = {name: value.numpy() if value.ndim else value for name, value in state.items()}
    beside = {
        "log": defaultdict(list, {"loss": [np.float32(0.5)]}),
        "names": np.str_("é"),
        "best": np.float64(61.5),
        "images": np.arange(3),
        "args": Namespace(lr=0.1),
        "count": Counter("aab"),
    }
    save({"net": arrays, **beside}, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt")
    check(model, NETWORK, state)
    about = model.checkpoint.about
    assert about["log"] == {"loss": [0.5]} and about["names"] == "é" and about["best"] == 61.5
    assert isinstance(about["images"], np.ndarray) and about["images"].tolist() == [0, 1, 2]
    assert about["args"] == {"lr": 0.1}


def test_a_state_dict_that_is_a_defaultdict(tmp_path: Path) -> None:
    state = zeroed(REFERENCES[NETWORK].make(10, 3))
    filled: defaultdict[str, object] = defaultdict(list, state)
    torch.save(filled, tmp_path / "a.pt")
    check(load_model(tmp_path / "a.pt"), NETWORK, state)


HOSTILE: dict[str, object] = {
    "an array of objects that run code": np.array([RunsCode()], dtype=object),
    "code in a defaultdict": defaultdict(None, {"a": RunsCode()}),
    "a type of its own": np.zeros(2, dtype=[("a", "f4"), ("b", "i8")]),
}


@pytest.mark.parametrize("case", list(HOSTILE))
def test_arrays_beside_weights_run_no_code(case: str, tmp_path: Path) -> None:
    torch.save({"state_dict": {"w": torch.zeros(2, 2)}, "a": HOSTILE[case]}, tmp_path / "a.pt")
    refused(lambda: load_model(tmp_path / "a.pt"), CheckpointError, 4 * 2**30)


def test_names_with_one_storage_have_the_same_weights(tmp_path: Path) -> None:
    """Tied weights: torch.save stores the numbers once."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 12), nn.Linear(12, 12))
    network.get_submodule("2").weight = network.get_submodule("1").weight
    torch.save(network.state_dict(), tmp_path / "a.pt")
    state = load_model(tmp_path / "a.pt", f"{__file__}:tied").checkpoint.state
    assert torch.equal(state["1.weight"], state["2.weight"]) and state["2.weight"].numel() == 144


def tied() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 12), nn.Linear(12, 12))


class Old(nn.Module):
    """A module of the user's own, whose source a file from before torch 1.6 carries."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3, padding=1)
        self.fc = nn.Linear(5, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.fc(self.conv(x).relu().amax(dim=(2, 3)))
        return logits


@pytest.mark.parametrize("inside", [False, True])
def test_a_module_file_from_before_torch_1_6_is_read_where_it_is_trusted(inside: bool, tmp_path: Path) -> None:
    network = Old()
    legacy({"net": network, "epoch": 3} if inside else network, tmp_path / "a.pt")
    assert b"A module of the user's own" in (tmp_path / "a.pt").read_bytes(), "it carries the source"
    with pytest.raises(CheckpointError, match=r"would have to run code to load \(tests\..*\.Old\)") as caught:
        load_model(tmp_path / "a.pt")
    assert "--trust-pickle" in caught.value.do
    model = load_model(tmp_path / "a.pt", trust=True)
    images = torch.rand(2, 3, 8, 8)
    weight, bias = (network.get_submodule("conv").get_parameter(name) for name in ("weight", "bias"))
    hidden = nn.functional.conv2d(images, weight, bias, padding=1).clamp(min=0).amax(dim=(2, 3))
    expected = hidden @ network.fc.weight.T + network.fc.bias
    assert torch.allclose(model.classifier()(images), expected, atol=1e-5)
    assert model.checkpoint.form == "torch legacy" and model.sparsity.parameters == 5 * 28 + 4 * 6
    assert not any("changed" in note for note in model.notes)


def test_a_changed_source_of_an_old_module_is_noted(tmp_path: Path) -> None:
    legacy(Old(), tmp_path / "a.pt")
    content = (tmp_path / "a.pt").read_bytes()
    (tmp_path / "a.pt").write_bytes(content.replace(b"A module of the user's own", b"B module of the user's own"))
    notes = load_model(tmp_path / "a.pt", trust=True).notes
    assert any("Old' has changed since it was saved" in note for note in notes)


def test_the_message_names_the_type_that_is_blocked(tmp_path: Path) -> None:
    torch.save({"state_dict": {"w": torch.zeros(2, 2)}, "by": Path("a")}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"run code to load \(pathlib\."):
        load_model(tmp_path / "a.pt")
    torch.save({"w": torch.zeros(2, 2), "blob": b"x" * 300}, tmp_path / "b.pt", pickle_protocol=4)
    with pytest.raises(CheckpointError, match="Unsupported operand") as caught:
        load_model(tmp_path / "b.pt")
    assert "pickle_protocol (2)" in caught.value.do and "_rebuild" not in caught.value.what


def test_float8_in_the_old_format_is_named(tmp_path: Path) -> None:
    """torch writes such files and cannot read them."""
    legacy({"w": torch.zeros(4).to(torch.float8_e4m3fn)}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="holds float8_e4m3fn weights"):
        load_model(tmp_path / "a.pt")


@pytest.mark.filterwarnings("ignore")
def test_a_payload_behind_an_old_modules_class_does_not_run(tmp_path: Path) -> None:
    legacy(Old(), tmp_path / "a.pt")
    legacy({"net": Old(), "a": RunsCode()}, tmp_path / "b.pt")
    with pytest.raises(CheckpointError, match="would have to run code"):
        load_model(tmp_path / "b.pt")
    assert not EXECUTED.exists() and pickle.HIGHEST_PROTOCOL >= 5
