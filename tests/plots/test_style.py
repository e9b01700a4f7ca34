"""Markers: series are told apart without colours."""

from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.plots.style import MODEL_COLOURS, MODEL_MARKERS, SET_COLOURS, SET_MARKERS, model_style


def test_every_set_has_a_marker_of_its_own() -> None:
    assert set(SET_MARKERS) == set(SET_COLOURS) == set(SETS)
    assert len(set(SET_MARKERS.values())) == len(SETS)


def test_models_have_markers_of_their_own_until_these_repeat() -> None:
    count = len(MODEL_MARKERS)
    assert len({model_style(number)[0] for number in range(count)}) == count == len(MODEL_COLOURS)
    assert model_style(count) == model_style(0)
