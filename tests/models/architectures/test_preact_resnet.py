"""Pre-activation residual networks are recognised and compute the formula of their paper."""

from pathlib import Path

import pytest

from tests.models.checks import check_same, check_variant, save
from tests.models.reference_networks import REFERENCES, VARIANTS, Reference


@pytest.mark.parametrize("name", [name for name in REFERENCES if name.startswith("preact")])
def test_a_network_is_recognised_in_any_width_and_computes_the_published_formula(name: str, tmp_path: Path) -> None:
    state = REFERENCES[name].make(10, 3)
    check_same(save(state, tmp_path / "a.pt"), state, name)


@pytest.mark.parametrize("name", [name for name in VARIANTS if name.startswith("preact")])
def test_the_shortcut_of_fast_adversarial_training_takes_the_blocks_input(name: str, tmp_path: Path) -> None:
    check_variant(VARIANTS[name], tmp_path / "a.pt")


def test_the_final_batch_norm_may_be_absent(tmp_path: Path) -> None:
    """As in RobustBench's Wong2020Fast and Andriushchenko2020Understanding: no ReLU follows the last block then."""
    reference = VARIANTS["preact_resnet18_fast_at"]
    state = {key: value for key, value in reference.make(10, 3).items() if not key.startswith("bn.")}
    without = Reference(reference.name, lambda *_: state, reference.logits)
    check_variant(without, tmp_path / "a.pt")
