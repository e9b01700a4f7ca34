"""Normalisations as typed, as stored, and compared."""

import pytest
import torch

from thinice_tui.errors import CheckpointError, UsageError
from thinice_tui.models.classifier import Normalization
from thinice_tui.models.normalization import (
    KNOWN,
    buffered_normalization,
    parse_normalization,
    same_normalization,
    stored_normalization,
)


def test_the_same_constants_are_the_same() -> None:
    half = Normalization("wide", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert same_normalization(half, KNOWN["half"]) and not same_normalization(half, None)
    assert same_normalization(None, None) and not same_normalization(KNOWN["cifar10"], KNOWN["cifar10-2023"])


def test_a_typed_normalisation_is_none_a_name_or_numbers() -> None:
    assert parse_normalization("none") is None and parse_normalization("svhn") is KNOWN["svhn"]
    assert parse_normalization("0.5/0.25") == Normalization("0.5/0.25", (0.5,), (0.25,))
    three = parse_normalization("0.1,0.2,0.3/1,2,4")
    assert three is not None and (three.mean, three.std) == ((0.1, 0.2, 0.3), (1, 2, 4))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("cifar11", "expected auto, none, cifar10"),
        ("0.5,0.5/0.2,0.2", "2 means and 2 standard deviations, expected 1 or 3"),
        ("0.5,0.5,0.5/0.2", "3 means and 1 standard deviations"),
        ("123.7,116.3,103.5/58.4,57.1,57.4", "units of 0-255"),
        ("0.5/58.4", "units of 0-255"),
        ("0.5/0", "standard deviations positive"),
        ("nan/0.2", "means must be finite"),
        ("a/b", "or numbers"),
        ("1,1,1", "or numbers"),
        ("", "or numbers"),
    ],
)
def test_a_typed_normalisation_that_cannot_be_used_is_refused(spec: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_normalization(spec)


def test_a_checkpoint_stores_a_name_or_constants() -> None:
    assert stored_normalization(None, "a.pt") is None and stored_normalization("none", "a.pt") is None
    assert stored_normalization("half", "a.pt") is KNOWN["half"]
    made = stored_normalization({"name": "mine", "mean": [0.5], "std": [1]}, "a.pt")
    assert made == Normalization("mine", (0.5,), (1.0,))
    for wrong in ("other", {"mean": [0.5]}, {"mean": [0.5], "std": [0.0]}, 3):
        with pytest.raises(CheckpointError, match=r"a\.pt: its normalization is"):
            stored_normalization(wrong, "a.pt")


@pytest.mark.parametrize(
    ("mean", "std", "option"),
    [
        ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375], "0.485,0.456,0.406/0.229,0.224,0.225"),
        ([103.939, 116.779, 123.68], [1, 1, 1], "0.4076,0.458,0.485/0.003922,0.003922,0.003922"),
        ([123.675], [0.229], "0.485/0.229"),
        ([0.485], [58.395], "0.485/0.229"),
    ],
)
def test_units_of_0_to_255_are_refused_with_the_option_to_type(
    mean: list[float], std: list[float], option: str
) -> None:
    with pytest.raises(CheckpointError, match="is unusable: its values are in units of 0-255") as caught:
        stored_normalization({"name": "caffe", "mean": mean, "std": std}, "a.pt")
    assert caught.value.do.endswith(f"--normalize {option}")
    assert parse_normalization(option) is not None


def test_whole_numbers_too_large_for_a_float_are_no_constants() -> None:
    with pytest.raises(CheckpointError, match="expected a known name or mean and std"):
        stored_normalization({"mean": [10**400], "std": [1]}, "a.pt")


def test_buffers_hold_constants_in_units_of_pixels() -> None:
    buffers = {"norm.mean": torch.tensor([0.4914] * 3), "norm.std": torch.tensor([0.25] * 3).reshape(3, 1, 1)}
    assert buffered_normalization(buffers, "a.pt") == Normalization("file", (0.4914,) * 3, (0.25,) * 3)
    with pytest.raises(CheckpointError, match=r"it holds norm\.mean"):
        buffered_normalization({"norm.mean": torch.tensor([0.5])}, "a.pt")


@pytest.mark.parametrize("std", [[0.0625, 0.0625, 0.04], [4.0, 4.1, 3.9]])
def test_a_stored_variance_or_inverse_is_refused(std: list[float]) -> None:
    with pytest.raises(CheckpointError, match="is it a variance or an inverse"):
        stored_normalization({"mean": [0.4, 0.5, 0.45], "std": std}, "a.pt")
