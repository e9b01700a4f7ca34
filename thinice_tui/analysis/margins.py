"""The kinds of margin that a sample is ranked by."""

from typing import Literal

import numpy as np

from thinice_tui.analysis.distances import distances, has_distances
from thinice_tui.runfile.records import Floats, ModelOutcomes, Run

MarginKind = Literal["clean", "attacked", "distance"]
MARGIN_KINDS: dict[MarginKind, str] = {
    "clean": "clean margin",
    "attacked": "margin under attack",
    "distance": "distance to the boundary",
}
MARGIN_TITLES: dict[MarginKind, str] = {"clean": "margin", "attacked": "margin adv", "distance": "distance"}
"""Titles of a column of them."""


def margins_of(run: Run, model: ModelOutcomes, kind: MarginKind) -> Floats:
    """A model's margins of that kind, float32 [n]; a distance is 0 where the clean image is misclassified."""
    if kind == "distance":
        return distances(run, model).astype(np.float32)
    return model.clean_margin if kind == "clean" else model.worst_margin


def margin_kinds(run: Run) -> list[MarginKind]:
    """The kinds that the run holds."""
    return [kind for kind in MARGIN_KINDS if kind != "distance" or has_distances(run)]
