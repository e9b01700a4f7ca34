"""Percentages."""

import numpy as np

from thinice_tui.analysis.proportions import Estimate
from thinice_tui.report.sections.percent import percent


def test_an_estimate_is_shown_with_or_without_its_interval() -> None:
    found = Estimate(0.8704, 0.8512, 0.8899, 1000)
    assert percent(found) == "87.0 [85.1, 89.0]" and percent(found, interval=False) == "87.0"
    assert percent(None) == percent(Estimate(np.nan, np.nan, np.nan, 0)) == "–"
