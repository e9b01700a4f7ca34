"""The help names every action."""

from rich.cells import cell_len

from thinice_tui.analysis.live_sets import SET_NAMES
from thinice_tui.tui.action_registry import ACTIONS
from thinice_tui.tui.content.help import help_text


def test_the_help_names_every_action() -> None:
    lines = help_text().plain.splitlines()
    for action in ACTIONS:
        assert any(line.split()[0] == action.shown.split()[0] for line in lines if action.meaning in line), action
    for name in SET_NAMES:
        assert name in help_text().plain


def test_no_line_wraps_in_a_terminal_of_80_columns() -> None:
    """80 columns without the margin and the scroll bar."""
    assert not [line for line in help_text().plain.splitlines() if cell_len(line) > 77]


def test_no_key_is_there_twice() -> None:
    keys, _, _ = help_text().plain.partition("The sets")
    shown = [line[2:9].strip() for line in keys.splitlines() if line.startswith("  ")]
    assert len(set(shown)) == len(shown) and "esc" in shown
