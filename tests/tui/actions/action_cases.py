"""Cases of actions: each by its first key in every place, and by its other keys in the first place."""

from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass

import pytest

from tests.tui.driver import Driver
from thinice_tui.analysis.live_sets import SET_NAMES
from thinice_tui.analysis.rows import View
from thinice_tui.tui.action_registry import BY_NAME, Place
from thinice_tui.tui.preferences import Preferences

KEY_NAMES = {
    **{"slash": "/", "question_mark": "?", "left_square_bracket": "[", "right_square_bracket": "]"},
    "right_curly_bracket": "}",
}


Test = Callable[..., object]


@dataclass(frozen=True)
class Pressed:
    """An action by one of its keys in one of its places."""

    name: str
    place: Place
    key: str


Cases = tuple[Pressed, ...]


def of_actions(*names: str) -> Callable[[Test], Test]:
    """The test is run for each of these actions: by its first key in every place, by its others in the first."""
    every = []
    for action in (BY_NAME[name] for name in names):
        first, *others = (KEY_NAMES.get(key, key) for key in action.keys.split(","))
        every.append(
            (
                *(Pressed(action.name, place, first) for place in action.places),
                *(Pressed(action.name, action.places[0], key) for key in others),
            )
        )
    return pytest.mark.parametrize("cases", every, ids=names)


async def each(driver: Driver, cases: Cases, *keys: str) -> AsyncIterator[Pressed]:
    """The cases one by one: everything as at the beginning, `keys` pressed in the table, and then its place."""
    for do in cases:
        await driver.back()
        driver.session.change_view(**asdict(View()))
        driver.session.preferences = Preferences()
        driver.session.choose_columns(Preferences().columns)
        driver.session.select(0)
        driver.app.clear_notifications()
        driver.said.clear()
        await driver.press(*keys)
        await driver.go(do.place)
        driver.doing = str(do)
        yield do


def name_of(driver: Driver, position: int) -> str:
    """The set of a sample."""
    assert driver.session.rows is not None
    return SET_NAMES[driver.session.rows.table.sets[position]]
