"""Estimates as percentages, for the report's tables."""

import math

from thinice_tui.analysis.proportions import Estimate


def percent(estimate: Estimate | None, interval: bool = True) -> str:
    """`87.0 [85.1, 88.9]`, or the value alone; a dash where it is unknown."""
    if estimate is None or math.isnan(estimate.value):
        return "–"
    if not interval:
        return f"{100 * estimate.value:.1f}"
    return f"{100 * estimate.value:.1f} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
