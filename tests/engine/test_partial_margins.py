"""What is measured so far: kept, taken up again, and refused for another model or other data."""

from pathlib import Path

import numpy as np
import pytest

from thinice_tui.engine.partial_margins import PartialMargins
from thinice_tui.errors import DataError

IDENTITY = {"model": "m", "data": "d"}


def test_what_is_done_is_taken_up_again(tmp_path: Path) -> None:
    path = tmp_path / "a.npz.partial"
    with pytest.raises(KeyboardInterrupt), PartialMargins.open(path, IDENTITY, 5) as first:
        assert first.count == 0 and first.missing().tolist() == [0, 1, 2, 3, 4]
        first.add(np.array([1, 3]), np.array([0.5, -2], np.float32), np.array([7, 8]))
        raise KeyboardInterrupt
    again = PartialMargins.open(path, IDENTITY, 5)
    assert again.count == 2 and again.missing().tolist() == [0, 2, 4]
    again.add(again.missing(), np.zeros(3, np.float32), np.zeros(3, np.int64))
    assert again.margins.tolist() == [0, 0.5, 0, -2, 0] and again.predictions.tolist() == [0, 7, 0, 8, 0]


def test_nothing_is_written_where_nothing_is_done(tmp_path: Path) -> None:
    with PartialMargins.open(tmp_path / "a.partial", IDENTITY, 5):
        pass
    assert not list(tmp_path.iterdir())


def test_other_files_are_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.partial"
    kept = PartialMargins.open(path, IDENTITY, 2)
    kept.add(np.array([0]), np.zeros(1, np.float32), np.zeros(1, np.int64))
    kept.save()
    for identity, n, what in ((IDENTITY | {"data": "e"}, 2, "on other data"), (IDENTITY, 3, "is damaged")):
        with pytest.raises(DataError, match=what) as caught:
            PartialMargins.open(path, identity, n)
        assert "remove it" in caught.value.do
    path.write_text("text")
    with pytest.raises(DataError, match="cannot be read") as caught:
        PartialMargins.open(path, IDENTITY, 2)
    assert "remove it" in caught.value.do
