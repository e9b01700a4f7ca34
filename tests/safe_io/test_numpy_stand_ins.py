"""Arrays and numbers are built without NumPy's own types, of which a file could corrupt the memory."""

import pickle
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from thinice_tui.errors import DataError
from thinice_tui.safe_io.numpy_stand_ins import BUILT, STAND_INS, Array, Dtype, RefusedError, as_text, with_arrays
from thinice_tui.safe_io.restricted_unpickler import unpickled


def read(value: object, protocol: int = 2) -> Any:
    return unpickled(pickle.dumps(value, protocol), "a", "a value", DataError)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_numbers_text_and_filled_dicts_are_pythons_own(protocol: int) -> None:
    values = {
        "a": np.float32(0.5),
        "b": np.int64(-7),
        "c": np.str_("resnet é"),
        "d": np.bool_(True),
        "e": np.str_(""),
    }
    filled = defaultdict(list, {"loss": [1.5, np.float64(2.5)]})
    assert read({**values, "f": filled}, protocol) == {
        "a": 0.5, "b": -7, "c": "resnet é", "d": True, "e": "", "f": {"loss": [1.5, 2.5]},
    }  # fmt: skip


def test_arrays_are_found_in_dicts_lists_and_tuples() -> None:
    found = read({"a": [np.arange(3)], "b": (np.ones(2), "x"), "c": ({"d": np.zeros(1)}, [np.full(1, 9)])})
    assert found["a"][0].tolist() == [0, 1, 2] and found["b"][0].tolist() == [1, 1] and found["b"][1] == "x"
    assert found["c"][0]["d"].tolist() == [0] and found["c"][1][0].tolist() == [9]


def test_a_tuple_that_is_shared_is_visited_once() -> None:
    shared: Any = (np.zeros(1),)
    for _ in range(60):
        shared = (shared, shared)
    assert isinstance(with_arrays([shared]), list)


@pytest.mark.parametrize("kind", BUILT)
def test_a_stand_in_has_no_attributes_that_a_file_could_set(kind: type[object]) -> None:
    with pytest.raises(AttributeError):
        kind().__setattr__("anything", 1)
    for stand_in in STAND_INS.values():
        with pytest.raises(AttributeError):
            stand_in.__setattr__("anything", 1)


def test_a_state_that_is_no_arrays_is_refused() -> None:
    with pytest.raises(RefusedError, match="unknown way"):
        Array().__setstate__((1, (2,), np.dtype("f4"), False, bytes(8)))
    with pytest.raises(RefusedError, match="of its own"):
        Dtype("f4").__setstate__((3, "x"))


def test_text_of_any_value_is_short() -> None:
    assert (as_text(b"cat"), as_text("dog"), as_text([0] * 10**6)) == ("cat", "dog", "list")
