"""Marks and tags: pressed, shown, filtered by, and kept beside the run."""

from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui.actions.action_cases import Cases, each, of_actions
from tests.tui.driver import Driver, opened
from thinice_tui.runfile.lock import RunLock
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.tags import change_tags, read_tags, tags_file
from thinice_tui.tui.screens.dialogs import TextDialog

DATA = "0" * 64


async def tag(driver: Driver, words: str) -> None:
    await driver.press("t")
    assert isinstance(driver.app.screen, TextDialog)
    driver.app.screen.query_one(Input).value = words
    await driver.press("enter")


@of_actions("mark", "mark_down", "mark_up", "mark_all")
async def test_marks(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            driver.session.mark(())
            driver.session.select(1)
            before, below, above = (int(driver.session.rows.lines[row]) for row in (1, 2, 0))  # type: ignore[union-attr]
            await driver.press(do.key)
            wanted = {
                "mark": {before},
                "mark_down": {before, below},
                "mark_up": {before, above},
                "mark_all": set(driver.order),
            }
            assert driver.session.marked == wanted[do.name]
            if do.name == "mark_all":
                await driver.press(do.key)
                assert driver.session.marked == set()
            else:
                assert driver.selected == {"mark": below, "mark_down": below, "mark_up": above}[do.name]
        driver.session.mark(())


async def test_marks_are_seen_and_stay_when_filtered_out(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("space", "space", "j", "space")
        assert [line[1] for line in driver.lines[4:9]] == ["*", "*", " ", "*", " "]
        assert "3 marked" in driver.text
        marked = driver.session.marked
        await driver.press("2")
        assert driver.session.marked == marked and "3 marked" in driver.text
        await driver.press("0", "g", "space")
        assert len(driver.session.marked ^ marked) == 1


@of_actions("tag")
async def test_tag(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            index = 3 * driver.selected
            await tag(driver, "odd, blurry")
            await driver.until(lambda index=index: driver.session.run.tags.get(index) == ("blurry", "odd"))  # type: ignore[misc,union-attr]
            assert read_tags(run_file, DATA) == {index: ("blurry", "odd")}
            await tag(driver, "-odd -blurry")
            await driver.until(lambda: not driver.session.run.tags)  # type: ignore[union-attr]
            assert do.place == "browse" or driver.app.screen is not driver.browse


async def test_marked_samples_are_tagged_in_one_go_shown_filtered_and_exported(
    run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file) as driver:
        assert "tags" not in driver.lines[3]
        await driver.press("space", "space")
        marked = sorted(driver.session.marked)
        await tag(driver, "odd")
        await driver.shows("tags", "odd")
        assert driver.lines[3].split()[:2] == ["sample", "tags"]
        await driver.press("/", *"tag=odd", "enter")
        assert sorted(driver.order) == marked
        await driver.press("enter")
        await driver.drawn()
        assert "tags: odd" in driver.text
        await driver.press("escape", "t")
        assert "Tag 2 marked samples" in driver.text and "In this run: odd" in driver.text


async def test_what_was_typed_last_is_offered_again(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await tag(driver, "odd")
        await driver.until(lambda: driver.session.run.tags)  # type: ignore[union-attr]
        await driver.press("j", "t", "enter")
        await driver.until(lambda: len(driver.session.run.tags) == 2)  # type: ignore[union-attr]


async def test_two_viewers_see_each_others_tags(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        change_tags(run_file, DATA, [3 * driver.selected], ["theirs"], [])
        await driver.shows("theirs")
        await tag(driver, "mine")
        await driver.shows("mine theirs")
        assert read_tags(run_file, DATA) == {3 * driver.selected: ("mine", "theirs")}


async def test_where_tags_are_kept_is_told_once(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await tag(driver, "odd")
        await driver.says("tags are kept in made.thinice.tags")
        await tag(driver, "dark")
        await driver.until(lambda: "dark" in tags_file(run_file).read_text(), "both are kept")
        assert len(driver.said) == 1


async def test_words_that_are_no_tags_are_refused(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("t", *"none", "enter")
        await driver.shows("none: expected a word")
        await driver.press("escape")
        assert not tags_file(run_file).exists()


async def test_a_file_that_is_not_understood_is_told_and_left_as_it_is(run_file: Path, settings_file: Path) -> None:
    tags_file(run_file).write_text("{}\x1b[2J")
    async with opened(run_file, settings_file) as driver:
        await driver.says("is not understood")
        await driver.press("t")
        assert not isinstance(driver.app.screen, TextDialog) and all(one.isprintable() for one in driver.said)
        assert tags_file(run_file).read_text() == "{}\x1b[2J"


async def test_keys_do_not_wait_for_another_view_that_writes(
    run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thinice_tui.runfile.tags.PATIENCE", 0.3)
    other = RunLock(tags_file(run_file))
    async with opened(run_file, settings_file) as driver:
        await tag(driver, "odd")
        await driver.press("j")
        assert driver.cursor == 1
        await driver.says("another program is writing")
    other.release()
    assert read_run(run_file).tags == {}
