"""What a plot of the report draws, as arrays: for renderers that draw it as a picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

Array = NDArray[np.float64]
TerminalPlot = Callable[[int, int], Text]
"""From width and height in cells: the plot for a terminal."""
Kind = Literal["line", "points", "bars"]
"""line: the points are joined; points: markers with their intervals; bars: the outline of a histogram, whose bins all
series share."""


@dataclass(frozen=True)
class Series:
    """One series. x, y: [k], NaN where unknown; low, high: the ends of the intervals of y, [k], or None.

    style: a model's number in the run, or the name of a set; series of one style look alike in every plot.
    """

    name: str
    x: Array
    y: Array
    style: int | str
    low: Array | None = None
    high: Array | None = None


@dataclass(frozen=True)
class Chart:
    """A plot: its title with the number of samples, its axes with their units, its series."""

    title: str
    x_label: str
    y_label: str
    kind: Kind
    series: Sequence[Series]
    ticks: Sequence[str] = ()
    """Names of x = 0, 1, 2, …; none: x is a number."""
    percent: bool = False
    """Whether y runs from 0 to 100."""
    mark: tuple[float, str] | None = None
    """A vertical line at an x, and what it says."""
