"""What may follow the # of a spec, and how a run names its data."""

import pytest

from thinice_tui.data.sources.source import DataSpec, Source
from thinice_tui.data.stored_data import StoredData
from thinice_tui.errors import UsageError


def read(spec: DataSpec) -> StoredData:
    raise NotImplementedError


SOURCE = Source("made:DIR", read, "made", splits=("test", "train"), keys=("labels",))


@pytest.mark.parametrize("spec", [DataSpec("", "made", "d"), DataSpec("", "made", "d", {"labels": "a"}, "train")])
def test_keys_and_splits_of_the_source_are_allowed(spec: DataSpec) -> None:
    SOURCE.check(spec)


@pytest.mark.parametrize(
    ("spec", "message", "remedy"),
    [
        (DataSpec("made:d#layout=NHWC", "made", "d", {"layout": "NHWC"}), "names layout", "it takes labels=…"),
        (DataSpec("made:d#extra", "made", "d", {}, "extra"), "has no split 'extra'", "expected one of test, train"),
    ],
)
def test_other_keys_and_splits_are_refused(spec: DataSpec, message: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        SOURCE.check(spec)
    assert remedy in caught.value.do and spec.whole in caught.value.what


def test_a_run_names_the_data_with_its_split() -> None:
    assert DataSpec("", "made", "d/", {}, "test").source_name() == "made:d"
    assert (
        DataSpec("", "made", "d", {}, "train").source_name(", coarse labels")
        == "made:d, coarse labels, the train split"
    )
    assert DataSpec("", "", "a.npz").source_name() == "a.npz"
