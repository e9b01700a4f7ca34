"""A normalisation's constants are known by their names."""

import pytest

from thinice_tui.models.normalization_names import is_normalization


@pytest.mark.parametrize("key", ["mean", "std", "normalize.mean", "model.normalizer.std", "normalize_layer.std"])
def test_the_constants_of_a_normalisation_are_known(key: str) -> None:
    assert is_normalization(key)


@pytest.mark.parametrize("key", ["bn1.running_mean", "conv1.weight", "layer1.mean", "normalize.weight"])
def test_other_names_are_none(key: str) -> None:
    assert not is_normalization(key)
