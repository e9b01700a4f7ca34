"""The candidates for images and data sets of each kind."""

from dataclasses import replace

import numpy as np
import pytest

from tests.places import SAMPLE_MODELS
from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight.normalization_candidates import (
    RunCandidates,
    dataset_normalizations,
    normalization_candidates,
    run_candidates,
)
from thinice_tui.models.classifier import Normalization
from thinice_tui.models.load import load_model
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


def test_the_likeliest_are_those_that_something_speaks_for() -> None:
    """A file's own, the method's, the data set's usual ones, none, and the rest in order."""
    own = Normalization("its own", (0.48, 0.47, 0.44), (0.25, 0.25, 0.25))
    stated = replace(load_model(SAMPLE_MODELS / "dense.pt"), normalization=own)
    folded = ("9 weights × the best 0.1 of their scores (RST)",)
    pruned = replace(stated, source="undecided", checkpoint=replace(stated.checkpoint, folded=folded))

    def order(found: RunCandidates, count: int) -> list[str]:
        return list(found.ordered)[:count]

    found = run_candidates([stated, pruned], ["dense", "pruned"], 3, ("cifar10", "cifar10-2023"))
    assert order(found, 6) == ["its own", "rst", "cifar10", "cifar10-2023", "none", "cifar100"]
    assert order(found, 99) == [*order(found, 6), "svhn", "imagenet", "half"]
    assert found.named == "its own" and found.preferred["its own"] == "which the file of dense names"
    found = run_candidates([pruned], ["pruned"], 1, ("mnist",))
    assert order(found, 3) == ["mnist", "none", "fashion-mnist"] and found.of_methods == {}, "RST's are for three"
