"""An accuracy in a file is compared with the measured one, and decides nothing."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
import torch

from tests.commands.calling import compare_json
from tests.places import SAMPLE_MODELS
from thinice_tui.engine.preflight.stated_accuracy import StatedAccuracy, stated_accuracy


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({"acc": 92.0}, ("acc", 0.92)),
        ({"best_prec1": 0.92}, ("best_prec1", 0.92)),
        ({"best_acc1": torch.tensor([92.0])}, ("best_acc1", 0.92)),
        ({"test_acc": 92, "best_ra": 0.5}, ("test_acc", 0.92)),
        ({"measured": {"clean_accuracy": 74.7, "pgd20_accuracy": 90.0}}, ("clean_accuracy", 0.747)),
        ({"acc": 0, "best_acc": 100.5, "accuracy": True, "acc1": "92", "top1": [92.0], "prec1": 1}, None),
        ({"acc": math.nan, "best_acc": math.inf, "train_acc": 99.0, "best_prec5": 99.0, "epoch": 90}, None),
        ({"acc": torch.zeros(2), "top1": torch.tensor(1j)}, None),
        ({}, None),
    ],
)
def test_fractions_and_percentages_are_read(about: Mapping[str, object], expected: tuple[str, float] | None) -> None:
    found = stated_accuracy(about)
    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        assert found.name == expected[0] and found.accuracy == pytest.approx(expected[1])


def test_three_standard_errors_are_the_limit() -> None:
    """On 256 images an accuracy of 0.5 has a standard error of 1/32."""
    assert StatedAccuracy("acc", 0.5 + 2.9 / 32).warning("a.pt", 0.5, 256) == ""
    said = StatedAccuracy("acc", 0.5 + 3.1 / 32).warning("a.pt", 0.5, 256)
    assert said.startswith("a.pt: the file says 59.7 % (acc), measured 50.0 % ± 3.1 % on 256 images")
    assert "--normalize" in said and "--arch" in said and "--data" in said
    assert StatedAccuracy("acc", 0.4).warning("a.pt", 0.9, 256) == "", "a robust accuracy lies below"
    assert StatedAccuracy("acc", 0.1).warning("a.pt", 0.0, 8) == "", "0 of 8 has an error, too"
    assert StatedAccuracy("acc", 0.92).warning("a.pt", 0.0, 8) != ""


def write(name: str, **more: object) -> None:
    state = torch.load(SAMPLE_MODELS / f"{name}.pt", weights_only=True)["state_dict"]
    torch.save({"state_dict": state, **more}, f"{name}.pt")


def test_a_measured_accuracy_far_below_the_stated_one_is_warned_of() -> None:
    """dense.pt gets the wrong normalisation; pruned.pt states a robust accuracy."""
    with np.load(SAMPLE_MODELS / "cifar10-test-1000.npz") as data:
        np.savez("data.npz", images=data["images"][:300], labels=data["labels"][:300])
    write("dense", normalization="none", best_prec1=74.7)
    write("pruned", normalization="cifar10", acc=0.311)
    found = compare_json("dense.pt", "pruned.pt", "--data", "data.npz", "--samples", "4")
    (said,) = [warning for warning in found["run"]["warnings"] if "the file says" in warning]
    assert said.startswith("dense.pt: the file says 74.7 % (best_prec1), measured ") and "on 256 images" in said
    assert float(said.partition("measured ")[2].partition(" %")[0]) < 40
    assert found["models"][0]["normalization"] == "none", "it does not choose"
