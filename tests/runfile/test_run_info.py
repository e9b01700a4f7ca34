"""The run table: read as it was written; a wrong, missing or hostile value is an error, never a wrong run."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_runs import run_table
from thinice_tui.runfile.run_info import LAST_TIME, MOST_CLASSES, DataInfo, RunInfo

TABLE: dict[str, Any] = run_table(40, 3, "standard", ["a", "b", "c"]) | {"created": 1.5, "finished": None}
REQUIRED = ("settings", "batch_size", "classes", "data", "versions", "device", "warnings", "created")
UNUSABLE = (ValueError, KeyError, TypeError)


def changed(path: str, value: object) -> dict[str, Any]:
    """TABLE with another value at `path`, keys with dots between."""
    table = json.loads(json.dumps(TABLE))
    *outer, last = path.split(".")
    inner = table
    for key in outer:
        inner = inner[key]
    inner[last] = value
    return dict(table)


def test_every_value_is_read_as_it_was_written() -> None:
    extra = {"request": {"dense": "d.pt"}, "search": {"dense": {}}, "normalization": {}, "kinship": None}
    extra |= {"architecture": {"dense": {"chosen": "a"}}}
    info = RunInfo.from_table(TABLE | extra | {"finished": 2.5})
    early = {"audit": "auto", "escalate": True, "stages": None}  # which files of early versions do not say
    assert info.settings.as_dict() == TABLE["settings"] | early
    assert (info.classes, info.batch_size, info.device) == (3, 16, "cpu")
    assert RunInfo.from_table(TABLE | {"device": "cpu (1 threads)"}).device == "cpu (1 thread)"
    assert info.versions == TABLE["versions"] and info.warnings == ()
    assert (info.created, info.finished) == (1.5, 2.5)
    assert (info.request, info.search, info.normalization, info.kinship) == ({"dense": "d.pt"}, {"dense": {}}, {}, None)
    assert info.architecture == {"dense": {"chosen": "a"}}
    data = info.data
    assert (data.source, data.samples, data.shape, data.dtype) == ("made.npz", 40, (3, 8, 8), "uint8")
    assert data.class_names == ("a", "b", "c") and data.notes is None


@pytest.mark.parametrize("notes", [None, [], ["resized"]])
def test_data_info_reads_what_it_wrote(notes: list[str] | None) -> None:
    stored = TABLE["data"] | ({} if notes is None else {"notes": notes})
    assert DataInfo.from_dict(stored).as_dict() == stored


@pytest.mark.parametrize("key", REQUIRED)
def test_a_missing_value_is_an_error(key: str) -> None:
    with pytest.raises(KeyError, match=key):
        RunInfo.from_table({name: value for name, value in TABLE.items() if name != key})


@pytest.mark.parametrize("key", ["source", "samples", "shape", "dtype", "class_names"])
def test_missing_data_are_an_error(key: str) -> None:
    with pytest.raises(KeyError, match=key):
        DataInfo.from_dict({name: value for name, value in TABLE["data"].items() if name != key})


WRONG: dict[str, list[object]] = {
    "settings": [None, [], "standard"],
    "settings.norm": [None, "L7", 2],
    "settings.eps": [None, "8/255", {"text": "many"}, {"text": "-1"}, {}],
    "settings.seed": [None, -1, 2**63, 1.5, True],
    "settings.precision": [None, "fp8"],
    "settings.keep_images": ["some"],
    "settings.distances": [1, None],
    "settings.batch_size": [0, -4, "all"],
    "classes": [None, 0, -1, 2.5, "3", True, MOST_CLASSES + 1],
    "batch_size": [None, 0, -1, "auto", True],
    "device": [None, 3, ["cpu"]],
    "versions": [None, [], {"torch": 2}],
    "warnings": [None, "warning", {}],
    "created": [None, "now", True, -1, math.nan, math.inf, LAST_TIME + 1],
    "finished": ["now", True, -1, math.nan, 1e300],
    "data": [None, []],
    "data.source": [None, 3],
    "data.samples": [None, "many", True],
    "data.shape": [None, 3, [3, 0, 8], [3, -8, 8], [3, "8", 8], [3, True, 8], [1.5]],
    "data.dtype": [None, 8],
    "data.class_names": [None, "abc", [1, 2, 3], {"a": 0}],
}


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, values in WRONG.items() for value in values])
def test_a_wrong_value_is_an_error(path: str, value: object) -> None:
    with pytest.raises(UNUSABLE):
        RunInfo.from_table(changed(path, value))


@pytest.mark.parametrize("key", ["request", "search", "architecture", "normalization", "kinship"])
@pytest.mark.parametrize("value", [None, 3, "text", [1]])
def test_descriptions_of_another_type_are_left_out(key: str, value: object) -> None:
    assert getattr(RunInfo.from_table(TABLE | {key: value}), key) is None


def test_warnings_that_are_no_text_are_left_out() -> None:
    assert RunInfo.from_table(TABLE | {"warnings": ["slow", 3, None]}).warnings == ("slow",)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([*TABLE, *WRONG]), json_values)
def test_any_json_gives_a_run_or_one_of_three_errors(path: str, value: object) -> None:
    try:
        info = RunInfo.from_table(changed(path, value))
    except UNUSABLE:
        return
    assert info.classes >= 1 and info.batch_size >= 1 and 0 <= info.created <= LAST_TIME
