"""Text for terminals of ASCII."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from thinice_tui.plots.ascii_text import to_ascii
from thinice_tui.plots.style import MODEL_MARKERS, SET_MARKERS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("┌─┐│└┘├┤┬┴┼╭╮╰╯━", "+-+|+++++++++++-"),
        ("▼ S10 lost, ● S11 held", "v S10 lost, * S11 held"),
        ("robust ≤ 45.2 %, ≥ 1", "robust <=45.2 %, >=1"),
        ("≤5", "<5"),
        ("dense → pruned · ✓ · ‖ paused", "dense > pruned . + . | paused"),
        ("▇▇▇ Δ×10 …", "### dx10 ~"),
        ("Größe 猫", "Gr??e ??"),
        ("⣿⠀", ". "),
    ],
)
def test_signs_have_an_ascii_of_their_own(text: str, expected: str) -> None:
    assert to_ascii(text) == expected


@given(st.text(st.characters(exclude_categories=("C", "M", "Z"))))
def test_anything_is_ascii_in_as_many_cells(text: str) -> None:
    found = to_ascii(text)
    assert found.isascii() and len(found) == cell_len(text)


def test_markers_of_sets_stay_different() -> None:
    found = {to_ascii(marker) for marker in SET_MARKERS.values()}
    assert len(found) == len(SET_MARKERS) and "?" not in found
    assert "?" not in to_ascii(MODEL_MARKERS)
