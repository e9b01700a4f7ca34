"""The plot of flip rates by dense margin."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from thinice_tui.analysis.comparison import Analysis, Comparison
from thinice_tui.plots.flip_rate import FlipRates, flip_rate_by_margin
from thinice_tui.report.document.blocks import Plot
from thinice_tui.report.document.charts import Chart, Series
from thinice_tui.report.sections.run_words import number_of


def flip_rate_plot(analysis: Analysis, shown: Sequence[Comparison]) -> Plot:
    """A series for each comparison of `shown`, of which there is one, in groups of rising dense margin."""
    rates = [FlipRates(one.other.record.name, one.flip_rate, number_of(analysis, one)) for one in shown]
    groups = len(rates[0].rates)
    said = (
        f"{one.name}: {100 * one.rates[0].rate:.1f} % in the group of the lowest margins, "
        f"{100 * one.rates[-1].rate:.1f} % in that of the highest"
        for one in rates
    )
    return Plot(
        Chart(
            f"Flip rate of the samples dense holds, n={sum(rate.n for rate in rates[0].rates)}",
            f"dense margin, {groups} groups of equal size, lowest first",
            "flip rate, %",
            "points",
            [_series(one) for one in rates],
            [str(group + 1) for group in range(groups)],
            percent=True,
        ),
        partial(flip_rate_by_margin, rates),
        f"Flip rate by dense margin. {'; '.join(said)}.",
    )


def _series(one: FlipRates) -> Series:
    y, low, high = (100 * np.array([getattr(rate, name) for rate in one.rates]) for name in ("rate", "low", "high"))
    return Series(f"{one.name} ± 95 %", np.arange(len(y), dtype=float), y, one.number, low, high)
