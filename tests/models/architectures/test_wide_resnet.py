"""Wide residual networks are recognised and compute the formula of their paper."""

from pathlib import Path

import pytest

from tests.models.checks import check_same, save
from tests.models.reference_networks import REFERENCES
from thinice_tui.models.load import load_model


def test_an_unused_first_stage_is_left_out(tmp_path: Path) -> None:
    state = REFERENCES["wide_resnet_28_4"].make(10, 3)
    twice = {**state, **{f"sub_{key}": value for key, value in state.items() if key.startswith("block1.")}}
    path = save(twice, tmp_path / "a.pt")
    check_same(path, state, "wide_resnet_28_4")
    model = load_model(path)
    assert model.sparsity.parameters == sum(v.numel() for k, v in state.items() if k.endswith(("weight", "bias")))
    assert any("sub_block1" in note for note in model.notes)


@pytest.mark.parametrize("name", [name for name in REFERENCES if name.startswith("wide")])
def test_a_network_is_recognised_in_any_width_and_computes_the_published_formula(name: str, tmp_path: Path) -> None:
    state = REFERENCES[name].make(10, 3)
    check_same(save(state, tmp_path / "a.pt"), state, name)
