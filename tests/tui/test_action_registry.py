"""The registry: names, keys, places and handlers of actions fit together."""

import re
from pathlib import Path

import pytest

from thinice_tui.tui.action_registry import ACTIONS, ALL, BY_NAME, SET_ACTIONS, Place, actions_in, bindings_in
from thinice_tui.tui.app import ThiniceApp
from thinice_tui.tui.screens.browse import BrowseScreen
from thinice_tui.tui.screens.help import HelpScreen
from thinice_tui.tui.screens.inspect import InspectScreen
from thinice_tui.tui.screens.plot import PlotScreen
from thinice_tui.tui.screens.report import ReportScreen

INTERFACE_TESTS = Path(__file__).parent.parent


def test_every_action_has_a_test() -> None:
    """Which `of_actions` runs by every key and in every place."""
    sources = "".join(path.read_text() for path in INTERFACE_TESTS.rglob("test_*.py"))
    named = {name for names in re.findall(r"@of_actions\((.*)\)", sources) for name in re.findall(r'"(\w+)"', names)}
    assert "@of_actions(*SET_ACTIONS)" in sources
    assert named | set(SET_ACTIONS) == set(BY_NAME)


SCREENS: dict[Place, tuple[type, ...]] = {
    "browse": (BrowseScreen,),
    "inspect": (InspectScreen,),
    "plots": (PlotScreen,),
    "summary": (ReportScreen,),
    "text": (HelpScreen,),
}


@pytest.mark.parametrize("place", ALL)
def test_every_action_has_a_handler_in_every_place_and_no_handler_is_without_action(
    place: Place, run_file: Path, settings_file: Path
) -> None:
    app = ThiniceApp(path=run_file, settings_file=settings_file)
    for screen in SCREENS[place]:
        assert bindings_in(place) == screen.BINDINGS  # type: ignore[attr-defined]
        for action in actions_in(place):
            assert any(hasattr(owner, f"do_{action.name}") for owner in (screen, *app.handlers)), action.name
    owners = (*SCREENS[place], *app.handlers)
    handlers = {name.removeprefix("do_") for owner in owners for name in dir(owner) if name.startswith("do_")}
    assert handlers <= set(BY_NAME)


@pytest.mark.parametrize("place", ALL)
def test_a_key_means_one_thing_in_one_place(place: Place) -> None:
    bound = [key for action in actions_in(place) for key in action.keys.split(",")]
    assert len(bound) == len(set(bound))


def test_names_are_those_of_one_action_each() -> None:
    assert len(BY_NAME) == len(ACTIONS)
    assert all(action.shown and action.title and action.meaning and action.places for action in ACTIONS)
