"""The table of models."""

from pathlib import Path

import pytest

from tests.report.rendering import MODELS, analysis_of, rendered
from thinice_tui.report.sections.models import models_table
from thinice_tui.report.sections.percent import percent


@pytest.mark.parametrize("intervals", [True, False])
def test_each_model_is_a_row(intervals: bool, tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path)
    text = rendered(models_table(analysis, intervals))
    for summary in analysis.models:
        assert (
            percent(summary.robust_accuracy, intervals) in text and percent(summary.clean_accuracy, intervals) in text
        )
    assert "again (control)" in text and "42.0 %" in text and "PGD-20 − all" in " ".join(text.split())
    assert ("[" in text) == intervals and "≤" not in text


@pytest.mark.parametrize("run", [{"through": 2}, {"attack": "quick"}], ids=["partial", "weak"])
def test_upper_bounds_are_marked(run: dict[str, object], tmp_path: Path) -> None:
    assert rendered(models_table(analysis_of(tmp_path, **run), True)).count("≤") == len(MODELS)
