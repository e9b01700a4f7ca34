"""The candidates for images and data sets of each kind."""

import numpy as np
import pytest

from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight.normalization_candidates import dataset_normalizations, normalization_candidates
from thinice_tui.models.normalization import KNOWN


@pytest.mark.parametrize(
    ("channels", "names"),
    [
        (1, ["none", "mnist", "fashion-mnist", "half"]),
        (3, ["none", "cifar10", "cifar10-2023", "cifar100", "svhn", "imagenet", "half"]),
        (4, ["none", "half"]),
    ],
)
def test_candidates_fit_the_channels_and_none_comes_first(channels: int, names: list[str]) -> None:
    found = normalization_candidates(channels)
    assert list(found) == names and found["none"] is None


@pytest.mark.parametrize(
    ("spec", "side", "names", "usual"),
    [
        ("cifar10:data", 32, (), ("cifar10", "cifar10-2023")),
        ("cifar10-c:data/fog@3", 32, (), ("cifar10", "cifar10-2023")),
        ("svhn:data", 32, (), ("svhn",)),
        ("folder:data", 224, ("cat", "dog"), ("imagenet",)),
        ("folder:data", 32, ("n01440764", "n01443537"), ("imagenet",)),
        ("folder:data", 32, ("cat", "dog"), ()),
        ("data.npz", 224, (), ()),
    ],
)
def test_the_usual_normalisations_of_a_data_set(
    spec: str, side: int, names: tuple[str, ...], usual: tuple[str, ...]
) -> None:
    samples = Samples(np.zeros((4, 3, side, side), dtype=np.uint8), np.arange(4), np.arange(4), names, spec)
    assert dataset_normalizations(spec, StratifiedSample(samples)) == usual
    assert all(name in KNOWN for name in usual)
