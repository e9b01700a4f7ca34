"""The plot of flip rates by margin."""

from pathlib import Path

import numpy as np

from tests.report.rendering import analysis_of
from thinice_tui.report.sections.flip_rate_plot import flip_rate_plot


def test_each_model_is_a_series_in_picture_terminal_and_words(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, n=400)
    plot = flip_rate_plot(analysis, analysis.comparisons)
    assert [series.name for series in plot.chart.series] == ["half ± 95 %", "again ± 95 %"]
    assert [series.style for series in plot.chart.series] == [1, 2]
    for series, comparison in zip(plot.chart.series, analysis.comparisons, strict=True):
        assert np.array_equal(series.y, [100 * rate.rate for rate in comparison.flip_rate])
        first, last = (f"{100 * comparison.flip_rate[place].rate:.1f} %" for place in (0, -1))
        name = comparison.other.record.name
        assert f"{name}: {first} in the group of the lowest margins, {last} in that of the highest" in plot.alt
        assert name in plot.terminal(100, 15).plain
