"""The plot of margins by set."""

import numpy as np

from thinice_tui.report.sections.margins_plot import margins_plot


def test_each_set_is_a_histogram_of_its_own_in_percent() -> None:
    margins = np.concatenate([np.full(10, -1.0), np.full(30, 1.0), np.full(60, 2.0), [np.nan]])
    numbers = np.arange(101)
    sets = {"S10": numbers < 10, "S11": (numbers >= 10) & (numbers < 100), "S01": numbers > 100, "S00": numbers > 200}
    plot = margins_plot(margins, sets, "margin", {"S11": "held"})
    assert [series.name for series in plot.chart.series] == ["held n=90", "S10 n=10"], "S01 has no known margin"
    for series in plot.chart.series:
        assert len(series.x) == len(series.y) + 1 and series.y.sum() == 100
    held = plot.chart.series[0]
    inside = held.y[np.searchsorted(held.x, 1.0, side="right") - 1]
    assert np.isclose(inside, 100 / 3) and "held 2.00 (n=90); S10 -1.00 (n=10)" in plot.alt
    assert "held n=90" in plot.terminal(80, 15).plain
