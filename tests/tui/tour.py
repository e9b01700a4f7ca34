"""A tour of every screen, for runs that might break one."""

from tests.tui.driver import Driver
from thinice_tui.tui.content.plot_kinds import PLOTS

EVERY_VIEW = [("enter", "z"), ("P", *["p"] * (len(PLOTS) - 1)), ("v",), ("x",)]
"""Keys that show all that a run has, with a look after each."""


def assert_harmless(driver: Driver) -> None:
    """Nothing on the screen is a control character, and nothing has gone wrong."""
    assert driver.app._exception is None and driver.app.return_code is None
    assert [line for line in driver.lines if not line.isprintable()] == []


async def tour(driver: Driver) -> None:
    """Look at every screen and come back."""
    await driver.drawn()
    assert_harmless(driver)
    for keys in EVERY_VIEW:
        for key in keys:
            await driver.press(key)
            await driver.drawn()
            assert_harmless(driver)
        await driver.back()
