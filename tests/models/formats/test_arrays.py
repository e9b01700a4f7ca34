"""Arrays in dicts of weights become tensors; other arrays stay as they are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.arrays import DEPTH, with_tensors

PATH = Path("a")


def converted(content: object) -> Any:
    return with_tensors(content, PATH)


def test_only_dicts_that_are_mostly_arrays_hold_weights() -> None:
    weights = {"w": np.ones((2, 3)), "n": 1, "b": torch.zeros(2)}
    found = converted({"net": weights, "loss": np.arange(3), "a": 1, "b": 2})
    assert isinstance(found["net"]["w"], Tensor) and found["net"]["w"].dtype == torch.float64
    assert isinstance(found["loss"], np.ndarray) and found["net"]["n"] == 1
    assert isinstance(converted(([{"w": np.ones(2)}], 3))[0][0]["w"], Tensor), "in lists and tuples"


@pytest.mark.parametrize("code", ["f2", ">f4", "f8", "g", "i1", ">i8", "u2", "?", "c8"])
def test_types_keep_their_values(code: str) -> None:
    array = np.array([0, 1, 1], dtype=code)
    tensor = converted({"w": array})["w"]
    assert tensor.tolist() == array.tolist()
    array[0] = 1
    assert tensor.tolist()[0] == 0, "the tensor has its own memory"


def test_names_of_python_2_become_text_and_text_stays_text() -> None:
    assert converted({b"w": np.ones(1), b"names": np.array(["a", "b"])})["names"] == ["a", "b"]


def test_arrays_of_no_numbers_are_refused() -> None:
    with pytest.raises(CheckpointError, match=r"a: w is an array of \|V2, expected numbers"):
        converted({"w": np.zeros(3, dtype="V2")})


def test_deep_shared_and_endless_content_is_left_as_it_is() -> None:
    endless: list[Any] = [1]
    endless.append(endless)
    assert converted(endless)[0] == 1
    shared: Any = [np.ones(1)] * 10
    for _ in range(50):
        shared = [shared] * 10
    assert len(converted(shared)) == 10
    deep: Any = {"w": np.ones(1)}
    for _ in range(DEPTH):
        deep = [deep]
    assert isinstance(converted(deep), list)
