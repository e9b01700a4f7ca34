"""The kinds of plots: their tabs, and of which samples they are."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PlotKind:
    """A kind of plot, without how it is drawn: see plots.py, which the first frame does not wait for."""

    title: str
    all_sets: bool = False
    """Whether it is drawn of all sets, whichever are shown: the flip rate among flips alone would be 100 %."""
    by_set: bool = False
    """Whether it is drawn set by set, and so needs samples whose set is known."""
    marks: bool = True
    """Whether the selected sample is marked in it."""


PLOTS: Mapping[str, PlotKind] = {
    "margins": PlotKind("Margins", by_set=True),
    "flips": PlotKind("Flips", all_sets=True),
    "ranks": PlotKind("Scatter", by_set=True),
    "stages": PlotKind("Stages", all_sets=True, marks=False),
    "curve": PlotKind("Curve", all_sets=True),
    "capture": PlotKind("Capture", all_sets=True, marks=False),
    "ladder": PlotKind("Ladder", all_sets=True, marks=False),
}
"""By their names."""
