"""The capture curve's plot."""

import numpy as np

from thinice_tui.analysis.capture import capture_curve
from thinice_tui.plots.capture_curve import Captured, capture_plot


def test_it_fits_and_names_its_series() -> None:
    margins = np.arange(200.0)
    for width, height in ((80, 15), (40, 10), (120, 20)):
        series = [Captured("half", capture_curve(margins, margins < 60), 1)]
        text = capture_plot(series, width, height).plain
        lines = text.rstrip("\n").split("\n")
        assert len(lines) == height and max(map(len, lines)) <= width
        assert "half" in text and "n=60" in text
