"""DeepMind's networks are recognised and compute the published formula, with their normalisation in front."""

from pathlib import Path

import pytest
import torch

from tests.models.checks import check_same, check_variant, save
from tests.models.reference_networks import REFERENCES, VARIANTS
from thinice_tui.models.load import load_model

MEAN, STD = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2471, 0.2435, 0.2616])


@pytest.mark.parametrize("name", [name for name in REFERENCES if name.startswith("dm_")])
def test_a_network_is_recognised_and_computes_the_published_formula(name: str, tmp_path: Path) -> None:
    state = REFERENCES[name].make(10, 3)
    check_same(save(state, tmp_path / "a.pt"), state, name)


@pytest.mark.parametrize("name", [name for name in VARIANTS if name.startswith("dm_")])
def test_the_same_networks_with_relu(name: str, tmp_path: Path) -> None:
    check_variant(VARIANTS[name], tmp_path / "a.pt")


@pytest.mark.parametrize("name", ["dm_wide_resnet_28_2", "dm_preact_resnet18"])
def test_the_constants_in_the_file_are_the_normalisation(name: str, tmp_path: Path) -> None:
    state = REFERENCES[name].make(10, 3)
    torch.save({**state, "mean": MEAN.view(3, 1, 1), "std": STD.view(3, 1, 1)}, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt")
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    inside = (images - MEAN.view(3, 1, 1)) / STD.view(3, 1, 1)
    with torch.no_grad():
        found = model.classifier()(images)
    assert model.source == "the file's buffers" and model.arch.partition(" ")[0] == name
    assert torch.allclose(found, REFERENCES[name].logits(state, inside), atol=1e-4, rtol=1e-4)
