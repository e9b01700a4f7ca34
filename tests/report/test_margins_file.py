"""Margins in a file: what was measured is read again, with an attack and without."""

from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import write_run
from thinice_tui.analysis.measured_margins import MeasuredMargins
from thinice_tui.data.selection import read_indices
from thinice_tui.errors import DataError
from thinice_tui.report.margins_file import margins_in, read_margins, write_margins


def assert_same(one: MeasuredMargins, other: MeasuredMargins) -> None:
    assert one.about == other.about
    for name in ("indices", "labels", "predictions", "clean", "attacked", "robust"):
        first, second = getattr(one, name), getattr(other, name)
        assert (first is None and second is None) or np.array_equal(first, second), name


@pytest.mark.parametrize("name", ["a.npz", "a.csv"])
@pytest.mark.parametrize("attacked", [True, False])
def test_what_was_measured_is_read(tmp_path: Path, name: str, attacked: bool) -> None:
    found = margins_in(write_run(tmp_path / "a.thinice", {"dense": "dense"}, n=40))
    if not attacked:
        found = MeasuredMargins(found.indices, found.labels, found.predictions, found.clean, None, None, found.about)
    write_margins(tmp_path / name, found)
    assert_same(read_margins(tmp_path / name), found)
    assert found.about["data"]["source"] == "made.npz" and found.about["eps"] and "intervals" not in found.about
    if name == "a.csv":
        assert read_indices(tmp_path / name).tolist() == found.indices.tolist(), "--indices takes it"


def test_weights_are_no_margins(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("sample,weight\n0,1\n")
    with pytest.raises(DataError, match="has no column label, prediction, margin") as caught:
        read_margins(tmp_path / "w.csv")
    assert "thinice-tui margins" in caught.value.do
