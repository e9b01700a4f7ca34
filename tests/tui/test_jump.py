"""Numbers of samples that are typed."""

from pathlib import Path

import numpy as np
import pytest

from tests.several_runs import seed_run
from thinice_tui.analysis.rows import View, select_rows
from thinice_tui.tui.jump import line_named, sample_named

INDICES = np.array([7, 30, 484], dtype=np.int64)


@pytest.mark.parametrize(("text", "position"), [("7", 0), ("#484", 2), ("0030", 1)])
def test_a_number_is_the_index_in_the_original_data(text: str, position: int) -> None:
    assert sample_named(text, INDICES) == position


@pytest.mark.parametrize("text", ["cat", "-7", "7.0", "²", "9" * 19, "", "# 7"])
def test_what_is_no_index_is_told(text: str) -> None:
    assert "is no sample's number: type one such as 7" in str(sample_named(text, INDICES)) or text == ""


def test_a_number_that_is_not_in_the_run_is_told() -> None:
    assert sample_named("8", INDICES) == "sample 8 is not in this run: it has 3, from 7 to 484"


def test_a_sample_that_is_not_shown_is_told(tmp_path: Path) -> None:
    rows = select_rows(seed_run(tmp_path, 0), View())
    for position in range(300):
        line = rows.line_of(position)
        told = line_named(str(3 * position), rows)
        assert told == line if line is not None else "not among the" in str(told)
