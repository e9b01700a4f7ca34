"""A run of one model."""

from pathlib import Path

import pytest

from tests.fake_runs import write_run
from tests.report.rendering import words
from thinice_tui.analysis.comparison import analyse
from thinice_tui.report.sections.dense_alone import dense_alone


@pytest.mark.parametrize("through", [0, 1, 3])
def test_margins_of_held_and_broken_samples_are_shown_and_what_is_missing_said(through: int, tmp_path: Path) -> None:
    analysis = analyse(write_run(tmp_path / "a.thinice", {"dense": "dense"}, through=through))
    text = words(dense_alone(analysis))
    assert "Flip sets need a pruned one: thinice-tui compare DENSE PRUNED" in text
    assert ("held n=" in text and "broken n=" in text) == (through > 0) and ("Overestimation" in text) == (through > 1)
