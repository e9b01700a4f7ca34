"""The sentence on overestimation."""

from pathlib import Path

import pytest

from tests.report.rendering import analysis_of
from thinice_tui.analysis.comparison import Gap
from thinice_tui.report.sections.overestimation import overestimation


@pytest.mark.parametrize(("through", "least"), [(3, ""), (2, "at least ")])
def test_a_partial_runs_overestimation_is_a_lower_bound(through: int, least: str, tmp_path: Path) -> None:
    said = overestimation(analysis_of(tmp_path, through=through), Gap("PGD-20", 0.5, 0.25, 0.25)).text
    assert said == f"Overestimation by PGD-20 alone: 50.0 % against 25.0 %, {least}25.0 points"
