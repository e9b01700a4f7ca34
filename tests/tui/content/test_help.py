"""The help names every action."""

from thinice_tui.analysis.live_sets import SET_NAMES
from thinice_tui.tui.action_registry import ACTIONS
from thinice_tui.tui.content.help import help_text


def test_the_help_names_every_action() -> None:
    lines = help_text().plain.splitlines()
    for action in ACTIONS:
        assert any(line.split(action.meaning)[0].strip() == action.shown for line in lines if action.meaning in line)
    for name in SET_NAMES:
        assert name in help_text().plain
