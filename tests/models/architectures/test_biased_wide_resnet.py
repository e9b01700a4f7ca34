"""Wide residual networks with biases are recognised and compute the published formula."""

from pathlib import Path

from tests.models.checks import check_same, save
from tests.models.reference_networks import REFERENCES


def test_a_network_is_recognised_and_computes_the_published_formula(tmp_path: Path) -> None:
    state = REFERENCES["biased_wide_resnet_28_2"].make(10, 3)
    check_same(save(state, tmp_path / "a.pt"), state, "biased_wide_resnet_28_2")
