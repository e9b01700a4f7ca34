"""Actions that change what is looked at, by every key and in every place."""

from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import write_run
from tests.tui.actions.action_cases import Cases, each, name_of, of_actions
from tests.tui.driver import MODELS, WIDE, opened
from thinice_tui.analysis.live_sets import ALL_SETS, HELD_SETS
from thinice_tui.analysis.rows import View
from thinice_tui.analysis.table import COLUMNS
from thinice_tui.runfile.records import Role
from thinice_tui.tui.action_registry import BY_NAME, SET_ACTIONS, Place
from thinice_tui.tui.content.plot_kinds import PLOTS
from thinice_tui.tui.screens.browse import BrowseScreen
from thinice_tui.tui.screens.dialogs import MultipleChoiceDialog
from thinice_tui.tui.screens.inspect import InspectScreen
from thinice_tui.tui.screens.plot import PlotScreen


@of_actions("down")
async def test_down(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            if do.place in ("summary", "text"):  # tests/tui/screens/test_text_screen.py
                continue
            await driver.press(do.key, do.key)
            assert driver.cursor == 2 and driver.selected == driver.order[2]
            if do.place == "inspect":
                await driver.shows(f"#{3 * driver.order[2]} ")


@of_actions("up")
async def test_up(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases, "j", "j", "j"):
            if do.place in ("summary", "text"):  # tests/tui/screens/test_text_screen.py
                continue
            await driver.press(do.key)
            assert driver.cursor == 2 and driver.selected == driver.order[2]


@of_actions("first", "last")
async def test_first_and_last(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases, "j", "j", "j"):
            if do.place in ("summary", "text"):  # tests/tui/screens/test_text_screen.py
                continue
            await driver.press(do.key)
            assert driver.selected == driver.order[0 if do.name == "first" else -1]
            top, page = driver.table.scroll_y, driver.table.page
            assert top <= driver.cursor < top + page, "the selected row is in sight"


@of_actions("inspect")
async def test_inspect(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases, "j"):
            await driver.press(do.key)
            assert isinstance(driver.app.screen, InspectScreen)
            await driver.shows(f"#{3 * driver.order[1]} ", "clean", "logits")


@of_actions("plot")
async def test_plot(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            assert isinstance(driver.app.screen, PlotScreen)
            assert driver.session.preferences.plot == ("flips" if do.place == "plots" else "margins")
            await driver.drawn()
            await driver.shows("Flip rate" if do.place == "plots" else "Dense margins by set")


async def test_plot_where_there_is_room_beside_the_table_is_the_next_plot(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, WIDE) as driver:
        for kind in [*list(PLOTS)[1:], "margins"]:
            await driver.press("p")
            assert isinstance(driver.app.screen, BrowseScreen)
            assert driver.session.preferences.plot == kind
            await driver.drawn()


async def test_sample_and_plot_lead_to_each_other_without_piling_up(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press(*["enter", "p"] * 5)
        assert isinstance(driver.app.screen, PlotScreen)
        await driver.press("escape", "escape")
        assert driver.app.screen_stack[-1] is driver.browse


@of_actions("large_plot")
async def test_large_plot(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, WIDE) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            assert isinstance(driver.app.screen, PlotScreen)
            await driver.drawn()
            assert "Dense margins by set" in driver.text


@of_actions("back")
async def test_back(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            assert driver.app.screen is driver.browse
            assert driver.session.view.sets == HELD_SETS and driver.app.focused is driver.table


@of_actions("show_all")
async def test_show_all(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases, "/", *"margin<2", "enter"):
            assert driver.session.view.query == "margin<2"
            await driver.press(do.key)
            assert (driver.session.view.query, driver.session.view.sets) == ("", ALL_SETS)
            assert len(driver.order) == 200


@of_actions(*SET_ACTIONS)
async def test_sets(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            mine = SET_ACTIONS[do.name]
            await driver.press(do.key)
            assert driver.session.view.sets == {mine}
            assert driver.order and {name_of(driver, position) for position in driver.order} == {mine}
            other = next(one for one in SET_ACTIONS if one != do.name)
            await driver.press(BY_NAME[other].keys)
            assert driver.session.view.sets == {mine, SET_ACTIONS[other]}, "one more"
            await driver.press(BY_NAME[other].keys, do.key)
            assert driver.session.view.sets == ALL_SETS, "none left is all"


async def test_a_set_that_the_filter_shuts_out_is_told(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("/", *"set=S10", "enter", "1")
        assert not driver.order or {name_of(driver, position) for position in driver.order} == {"S10"}
        driver.said.clear()
        await driver.press("2")
        assert driver.said == ["the same samples are shown: the filter /set=S10 leaves no others; esc shows all"]
        await driver.press("escape", "2")
        assert len(driver.said) == 1


@of_actions("set_all")
async def test_all_sets(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases, "1"):
            await driver.press(do.key)
            assert driver.session.view.sets == ALL_SETS and len(driver.order) == 200
            await driver.press(do.key)
            assert driver.session.view.sets == HELD_SETS
            assert {name_of(driver, position) for position in driver.order} == {"S10", "S11"}


@of_actions("sort", "sort_back")
async def test_sort(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases, "j", "j"):
            kept = driver.selected
            columns = driver.session.preferences.columns
            step = 1 if do.name == "sort" else -1
            for times in range(1, len(columns) + 1):
                await driver.press(do.key)
                expected = columns[(columns.index("margin") + step * times) % len(columns)]
                assert (driver.session.view.sort, driver.session.view.descending) == (expected, False)
                assert driver.selected == kept == driver.order[driver.cursor]
                assert f"{COLUMNS[expected].title}▲" in driver.lines[3]
            assert driver.session.preferences.sort == "margin", "the last of them is remembered"


@of_actions("reverse")
async def test_reverse(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            before, kept = driver.order, driver.selected
            await driver.press(do.key)
            assert driver.order == before[::-1] and driver.selected == kept
            assert "margin▼" in driver.lines[3]


@of_actions("columns")
async def test_columns(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            assert isinstance(driver.app.screen, MultipleChoiceDialog)
            await driver.press("down", "space", "enter")
            assert list(driver.session.preferences.columns) == [
                "sample",
                "dense",
                "pruned",
                "margin",
                "set",
                "broken_by",
            ]
            await driver.until(lambda: driver.app.screen is driver.browse)
            assert "label" not in driver.lines[3]
            await driver.press(do.key, *["space", "down"] * 7, "enter")
            assert list(driver.session.preferences.columns) == ["label"], (
                "the others are hidden, and label is shown again"
            )


@of_actions("margin")
async def test_margin(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        run = driver.session.run
        assert run is not None
        async for do in each(driver, cases, "0"):
            await driver.press(do.key)
            assert View(margin="attacked", sets=ALL_SETS) == driver.session.view
            worst = run.models[0].worst_margin[driver.order]
            assert (np.diff(worst) >= 0).all() and worst[0] < 0
            await driver.press(do.key)
            assert View(sets=ALL_SETS) == driver.session.view
            assert (np.diff(run.models[0].clean_margin[driver.order]) >= 0).all()


async def test_models_come_in_their_order(tmp_path: Path, settings_file: Path) -> None:
    models: dict[str, Role] = {"dense": "dense", "half": "pruned", "tenth": "pruned", "again": "control"}
    write_run(tmp_path / "a.thinice", models, n=20)
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        for key, number in zip("]]][[[", (2, 3, 1, 3, 2, 1), strict=True):
            await driver.press(key)
            assert driver.session.view.other == number
            await driver.shows(f"dense → {list(models)[number]}")


@of_actions("ladder")
async def test_ladder(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            for shown in (True, False):
                await driver.press(do.key)
                assert ("falls at▲" in driver.lines[3]) == shown == driver.session.shows_ladder


@of_actions("lost_by_pruning")
async def test_lost_by_pruning(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases, "3"):
            await driver.press(do.key)
            assert driver.session.view.query == "set=S10 set@again=S11" and driver.session.view.sets == HELD_SETS
            assert driver.order and {name_of(driver, position) for position in driver.order} == {"S10"}
            await driver.press(do.key)
            assert driver.session.view.query == ""


@of_actions("next_flip", "previous_flip")
async def test_flips(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            flips = [line for line, one in enumerate(driver.order) if name_of(driver, one) == "S10"]
            driver.session.select(flips[3])
            await driver.press(do.key)
            assert driver.cursor == flips[4 if do.name == "next_flip" else 2]


@of_actions("next_pruned", "previous_pruned")
async def test_models(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases, "j"):
            kept = driver.selected
            for number in (2, 1):
                await driver.press(do.key)
                assert driver.session.view.other == number
                assert driver.session.rows is not None and driver.session.run is not None
                assert driver.session.rows.table.other is driver.session.run.models[number]
                await driver.shows(f"dense → {list(MODELS)[number]}", f"[{number}/2]")
            assert driver.selected == kept


async def test_one_escape_too_many_keeps_the_filter(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        driver.session.change_view(query="margin<2")
        await driver.press("enter", "escape", "escape")
        assert driver.session.view.query == "margin<2" and "esc once more" in driver.said[0]
        await driver.press("escape")
        assert driver.session.view.query == ""


@pytest.mark.parametrize(("place", "key", "said"), [("inspect", "s", "sort"), ("text", "enter", "inspect")])
async def test_a_key_of_another_screen_says_where_it_works(
    place: Place, key: str, said: str, run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.go(place)
        await driver.press(key)
        assert len(driver.said) == 1 and driver.said[0].startswith(f"{said}: only on the table")


async def test_a_remembered_order_is_announced_and_the_usual_one_is_not(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        assert driver.said == []
        await driver.press("s", "r", "m")
    async with opened(run_file, settings_file) as driver:
        await driver.says("sorted by set ↓, as you left it: s and r change it")
        await driver.says("margin under attack, as you left it: m changes it")
        assert "set▼" in driver.lines[3] and len(driver.said) == 1


async def test_for_the_control_titles_and_meanings_say_so(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        assert "pruned adv" in driver.lines[3]
        await driver.press("]")
        assert "control adv" in driver.lines[3] and "pruned" not in driver.lines[3]
        await driver.press("c")
        await driver.shows("control adv", "the control's prediction under the worst attack")
        await driver.press("escape", "1", "enter")
        await driver.shows("held by dense, lost by again")
