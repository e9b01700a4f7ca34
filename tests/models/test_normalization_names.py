"""A normalisation's constants are known by their names."""

import pytest

from thinice_tui.models.normalization_names import constant_kind, is_normalization


@pytest.mark.parametrize(
    "key",
    [
        *("mean", "std", "normalize.mean", "model.normalizer.std", "normalize_layer.std", "mu", "sigma", "_mean"),
        *("normalize_std", "preprocess.mean", "normalizer.new_mean", "module.attacker.normalize.new_std", "0.mean"),
        *("norm.mean", "norm.sd", "normalizer.means", "norm_mean", "module.0.std"),
    ],
)
def test_the_constants_of_a_normalisation_are_known(key: str) -> None:
    assert is_normalization(key)


@pytest.mark.parametrize(
    "key",
    [
        *("bn1.running_mean", "conv1.weight", "layer1.mean", "normalize.weight", "conv1.mu", "1.mean", "fc.sigma"),
        *("10.std", "norm.weight", "standard"),
    ],
)
def test_other_names_are_none(key: str) -> None:
    assert not is_normalization(key)


def test_a_mean_is_told_from_a_standard_deviation() -> None:
    assert [constant_kind(key) for key in ("norm.mu", "norm.sigma", "norm.mode")] == ["mean", "std", ""]
