"""A key that can do nothing now says why."""

from pathlib import Path

import pytest
from textual.widgets import OptionList

from tests.fake_runs import write_run
from tests.tui.driver import Driver, opened
from thinice_tui.tui.screens.dialogs import ChoiceDialog

NOTHING = "there are no samples"


REASONS = [
    (["k"], "this is the first sample"),
    (["g"], "this is the first sample"),
    (["pageup"], "this is the first sample"),
    (["G", "j"], "this is the last sample"),
    (["G", "G"], "this is the last sample"),
    (["G", "pagedown"], "this is the last sample"),
    (["h"], "there are no columns further that way"),
    (["l"], "there are no columns further that way"),
    (["enter", "k"], "this is the first sample"),
    (["P", "k"], "this is the first sample"),
    (["0", "escape"], "all samples are shown; q quits"),
    (["w"], "no engine is running: there is nothing to pause"),
    (["v", "w"], "no engine is running: there is nothing to pause"),
    (["v", "pageup"], "there is no more to see that way"),
    (["?", "?"], "this is the help; esc goes back"),
]


@pytest.mark.parametrize("part", range(3))
async def test_on_a_finished_run(part: int, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, (100, 30)) as driver:
        for keys, reason in REASONS[part::3]:
            await driver.press(*keys[:-1])
            await driver.drawn()
            assert driver.said == [], keys
            await driver.press(keys[-1])
            assert driver.said == [reason], keys
            await driver.shows(reason[:21])
            driver.app.clear_notifications()
            while driver.app.screen is not driver.browse:
                await driver.press("escape")
            driver.session.select(0)
            await driver.settle()
            driver.said.clear()


@pytest.mark.parametrize("key", ["]", "["])
async def test_one_pruned_model_is_the_only_one(key: str, tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"})
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        await driver.press(key)
        assert driver.said == ["dense is compared with one model only in this run"]


async def shows_none(driver: Driver) -> None:
    """Filter until no sample is left."""
    await driver.press("/", *"margin>1000", "enter")
    assert driver.order == [] and driver.session.position is None


async def test_where_no_sample_is_shown(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await shows_none(driver)
        for key in ("j", "k", "g", "G", "pagedown", "pageup", "enter", "y", "Y"):
            await driver.press(key)
            assert len(driver.said) == 1 and driver.said[0].startswith(NOTHING), key
            assert driver.app.screen is driver.browse
            driver.said.clear()


async def test_what_cannot_be_exported_says_why(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await shows_none(driver)
        await driver.press("x")
        for number in range(6):
            await driver.press(*["down"] * (number > 0), "enter")
            if number == 3:  # what pruning lost does not depend on the filter
                await driver.press("escape", "x", "down", "down", "down")
        assert driver.said == ["none is shown"] * 5


async def test_nothing_lost_is_no_thin_ice(tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "same": "pruned"}, flip=False)
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        await driver.press("x", "down", "down", "down", "enter")
        assert driver.said == ["none is lost so far"]


async def test_an_engine_that_has_gone_cannot_be_asked(unfinished: Path, settings_file: Path) -> None:
    async with opened(unfinished, settings_file) as driver:
        await driver.press("e")
        for key in ([], ["down"], ["down"]):  # pause, stop, kill
            await driver.press(*key, "enter")
        assert driver.said == ["no engine is running"] * 3
        assert isinstance(driver.app.screen, ChoiceDialog)


@pytest.mark.parametrize(("computing", "reason"), [(True, "it is running"), (False, "it is finished")])
async def test_why_a_run_cannot_be_resumed(
    computing: bool, reason: str, run_file: Path, unfinished: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = unfinished if computing else run_file
    monkeypatch.setattr("thinice_tui.tui.run_follower.is_computing", lambda _: computing)
    async with opened(path, settings_file) as driver:
        await driver.press("e", "down", "down", "down", "enter")
        assert driver.said == [reason]


async def test_before_anything_is_read(tmp_path: Path, settings_file: Path) -> None:
    async with opened(tmp_path / "missing.thinice", settings_file, ready=False) as driver:
        await driver.says("there is no such run file")
        for key in ("j", "G", "pagedown", "enter", "1", "/", "]", "x", "y", "Y", "w", "e"):
            driver.said.clear()
            await driver.press(key)
            assert len(driver.said) == 1, key
            assert driver.app.screen is driver.browse


async def test_a_wrong_key_in_a_dialog_leaves_it_open(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("x", "j", "q", "ctrl+q")
        assert driver.said == ["esc first"]
        assert driver.app.screen.query_one(OptionList).option_count == 7
        await driver.press("escape")
        assert driver.app.screen is driver.browse
