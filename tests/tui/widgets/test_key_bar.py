"""The line of keys at the bottom."""

import pytest

from thinice_tui.tui.action_registry import ALL, Place, actions_in
from thinice_tui.tui.widgets.key_bar import keys


@pytest.mark.parametrize("place", ALL)
@pytest.mark.parametrize("width", [1, 20, 60, 80, 120, 300])
def test_the_key_bar_says_what_the_registry_says(place: Place, width: int) -> None:
    line = keys(place, width).plain
    assert len(line) <= max(width, 1)
    ranked = sorted((a for a in actions_in(place) if a.rank), key=lambda action: action.rank)
    shown = [f" {action.shown} {action.title} " in line for action in ranked]
    assert shown == sorted(shown, reverse=True), "the most needed are the last to go"
    assert all(shown) == (width == 300) or all(shown[:3])
    assert all(shown) or line.endswith("…") or width == 1, "what is hidden can be reached"
    if width >= 60:
        assert "? help" in line and "q quit" in line, "the way out, and to all other keys, is always in sight"
    if width == 300:
        assert line.split() == " ".join(f"{a.shown} {a.title}" for a in actions_in(place) if a.rank).split()
