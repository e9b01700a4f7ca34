"""The first screen: its actions, its panels, and live updates."""

from functools import partial
from pathlib import Path

from textual import events
from textual.widgets import Input

from tests.fake_runs import BATCH, make_run
from tests.tui.actions.action_cases import Cases, each, name_of, of_actions
from tests.tui.driver import MODELS, NARROW, WIDE, Driver, opened
from thinice_tui.analysis.table import COLUMNS
from thinice_tui.tui.screens.help import HelpScreen


@of_actions("left", "right")
async def test_sideways(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, (60, 20)) as driver:
        async for do in each(driver, cases):
            driver.session.choose_columns(list(COLUMNS))
            await driver.settle()
            assert "sample" in driver.lines[3] and "pruned margin" not in driver.text
            towards, back = (do.key, "h") if do.name == "right" else ("l", do.key)
            for _ in range(20):
                if "pruned margin" not in driver.lines[3]:
                    await driver.press(towards)
            assert "pruned margin" in driver.lines[3] and "sample" not in driver.lines[3]
            for _ in range(20):
                if driver.table.scroll_x:
                    await driver.press(back)
            assert "sample" in driver.lines[3] and driver.said == []


@of_actions("filter")
async def test_filter(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            assert isinstance(driver.app.focused, Input)
            await driver.press(*"set=S10")
            assert driver.session.view.query == "set=S10"
            assert {name_of(driver, position) for position in driver.order} == {"S10"}


async def test_sets_tabs_and_keys_can_be_clicked(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, (110, 32)) as driver:
        await driver.pilot.click(offset=(driver.lines[2].index("lost"), 2))
        await driver.settle()
        assert driver.session.view.sets == {"S10"}
        row = next(y for y, line in enumerate(driver.lines) if " Scatter " in line)
        await driver.pilot.click(offset=(driver.lines[row].index("Scatter"), row))
        await driver.settle()
        assert driver.session.preferences.plot == "ranks"
        await driver.drawn()
        assert "Margin ranks" in driver.text
        await driver.pilot.click(offset=(driver.lines[-1].index("? help"), 31))
        await driver.settle()
        assert isinstance(driver.app.screen, HelpScreen)


async def test_keys_that_come_faster_than_they_are_handled_mean_the_same(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        for key in "jjy":
            driver.app.post_message(events.Key(key, key))
        await driver.until(lambda: driver.app.clipboard)
        assert driver.app.clipboard == str(3 * driver.order[2])


async def test_rows_and_sets_follow_the_run_and_the_selected_sample_stays(tmp_path: Path, settings_file: Path) -> None:
    made = make_run(tmp_path / "a.thinice", MODELS)
    with made.open() as writer:
        made.begin(writer)
    async with opened(made.path, settings_file) as driver:
        assert counted(driver) == {"S11": 0, "S10": 0, "S01": 0, "S00": 0, "?": 200}
        await driver.press("0", "/", *"sample>30", "enter", "s", *["j"] * 25)
        kept = driver.selected
        with made.open() as writer:
            for number in range(len(MODELS)):
                made.clean(writer, number)
            await driver.until(lambda: counted(driver)["S00"], "clean predictions")
            for ordinal in range(3):
                for number in range(len(MODELS)):
                    made.attack(writer, number, ordinal)
                    await driver.until(partial(has_finished, driver, number, ordinal), "a stage")
                    assert driver.selected == kept == driver.order[driver.cursor]
                    height = driver.cursor - driver.table.scroll_y
                    assert 0 <= height < driver.table.page
            writer.finish(None)
        await driver.until(lambda: driver.session.run and driver.session.run.complete)
        await driver.until(lambda: driver.session.analysis and driver.session.analysis.complete)
        counts = counted(driver)
        assert driver.session.analysis is not None
        assert counts == driver.session.analysis.comparisons[0].sets.counts() | {"?": 0}
        await driver.shows(f"lost {counts['S10']}", "finished")


def counted(driver: Driver) -> dict[str, int]:
    """Samples of each set."""
    assert driver.session.rows is not None
    return driver.session.rows.set_counts


def has_finished(driver: Driver, number: int, ordinal: int) -> bool:
    """Whether it is known that the model `number` is through a stage."""
    assert driver.session.run is not None
    return driver.session.run.models[number].stages[ordinal].finished


async def test_a_sample_keeps_its_place_on_the_screen_while_others_come(tmp_path: Path, settings_file: Path) -> None:
    made = make_run(tmp_path / "a.thinice", MODELS)
    with made.open() as writer:
        made.begin(writer)
        for number in range(2):
            made.clean(writer, number)
        async with opened(made.path, settings_file) as driver:
            driver.session.select(len(driver.order) - 40)
            await driver.press("k")
            kept, height = driver.selected, driver.cursor - driver.table.scroll_y
            before = len(driver.order)
            made.attack(writer, 0, 0)
            await driver.until(lambda: len(driver.order) < before, "rows that dense has lost go")
            assert driver.selected == kept
            assert driver.cursor - driver.table.scroll_y == height


def has_done(driver: Driver, number: int, batch: int) -> bool:
    """Whether a batch of the first stage is known."""
    assert driver.session.run is not None
    batches = driver.session.run.models[number].stages[0].batches
    return batch * BATCH in {first for first, _ in batches}


async def test_flips_are_seen_from_the_first_batches_on(tmp_path: Path, settings_file: Path) -> None:
    made = make_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"})
    with made.open() as writer:
        made.begin(writer)
        for number in (0, 1):
            made.clean(writer, number)
            writer.start_stage(number, 0, len(made.standing(number, 0)))
        async with opened(made.path, settings_file) as driver:
            assert driver.session.rows is not None
            counts = driver.session.rows.set_counts
            assert counts["S10"] == counts["S01"] == counts["S11"] == 0, "no sample is through a first stage"
            for batch in range(4):
                for number in (0, 1):
                    made.attack_batch(writer, number, 0, batch)
                    await driver.until(partial(has_done, driver, number, batch), "a batch")
            counts = driver.session.rows.set_counts
            assert counts["S10"] > 0 and counts["S01"] > 0 and counts["S11"] > 20 and counts["?"] > 50
            await driver.shows(f"S10 lost {counts['S10']}", f"? {counts['?']}")


async def test_the_panels_beside_the_table_come_and_go_with_the_room(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, NARROW) as driver:
        await driver.press("j")
        await driver.pilot.resize_terminal(*WIDE)
        await driver.drawn()
        await driver.shows(f"#{3 * driver.order[1]} ", "Dense margins", "robust")
        await driver.pilot.resize_terminal(*NARROW)
        await driver.until(lambda: "logits" not in driver.text)
        assert driver.cursor == 1
