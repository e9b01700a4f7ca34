"""Gaps of the weak attack, dense against pruned."""

from pathlib import Path

import pytest

from tests.analysis.runs_of_models import analysed
from tests.places import SAMPLE_MODELS
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.overestimation import gap_difference
from thinice_tui.runfile.reader import read_run


def test_the_gaps_are_those_of_the_models_and_their_difference(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, n=600, noise=(2.0, 0.3, 0.3))
    gaps = [summary.gap for summary in analysis.models]
    for comparison, gap in zip(analysis.comparisons, gaps[1:], strict=True):
        found = gap_difference(analysis, comparison)
        assert found is not None and gap is not None and gaps[0] is not None
        assert found.gap.value == pytest.approx(gap.gap) and found.dense_gap.value == pytest.approx(gaps[0].gap)
        assert found.difference.value == pytest.approx(gap.gap - gaps[0].gap)
        assert found.gap.low < found.gap.value < found.gap.high


def test_without_a_second_stage_there_is_no_gap(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, through=1)
    assert gap_difference(analysis, analysis.comparisons[0]) is None


def test_the_shipped_run() -> None:
    """PGD-20 overestimates the 99 % pruned model more than dense; tests/end_to_end/test_shown_outputs.py, too."""
    analysis = analyse(read_run(SAMPLE_MODELS / "standard.thinice"))
    found = [gap_difference(analysis, comparison) for comparison in analysis.comparisons]
    verdicts = [one.verdict for one in found if one is not None]
    assert verdicts[2] == "PGD-20 overestimates pruned-99 more than dense"
