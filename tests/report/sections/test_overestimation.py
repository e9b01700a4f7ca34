"""The sentence on overestimation."""

from pathlib import Path

import pytest

from tests.report.rendering import analysis_of, words
from thinice_tui.analysis.comparison import Gap
from thinice_tui.analysis.overestimation import gap_difference
from thinice_tui.report.document.cells import POINTS, in_words
from thinice_tui.report.sections.overestimation import overestimation, overestimation_compared


@pytest.mark.parametrize(("through", "least"), [(3, ""), (2, "at least ")])
def test_a_partial_runs_overestimation_is_a_lower_bound(through: int, least: str, tmp_path: Path) -> None:
    said = overestimation(analysis_of(tmp_path, through=through), Gap("PGD-20", 0.5, 0.25, 0.25)).text
    assert said == f"Overestimation by PGD-20 alone: 50.0 % against 25.0 %, {least}25.0 points"


def test_dense_and_pruned_are_compared_on_the_same_samples(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path)
    comparison = analysis.comparisons[0]
    found = gap_difference(analysis, comparison)
    assert found is not None
    text = words(overestimation_compared(analysis, comparison))
    assert text.startswith("Overestimation by PGD-20 alone: ")
    assert f"{in_words(found.gap, POINTS)}; for dense {in_words(found.dense_gap, POINTS)}. The difference is" in text
    assert f"{in_words(found.difference, POINTS)}, paired over samples: {found.verdict}." in text


def test_without_a_second_stage_nothing_is_compared(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, through=1)
    assert list(overestimation_compared(analysis, analysis.comparisons[0])) == []
