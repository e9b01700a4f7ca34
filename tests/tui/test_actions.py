"""Every action of the registry, by each of its keys and in each of its places; and why, where it can do nothing."""

from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from textual.command import CommandPalette
from textual.widgets import Input, OptionList, SelectionList

from tests.fake_runs import write_run
from tests.tui.driver import MODELS, WIDE, Driver, opened
from thinice_tui.analysis.table import ALL_SETS, COLUMNS, HELD_SETS, SET_NAMES, View
from thinice_tui.runfile.records import Role
from thinice_tui.tui.actions.registry import ACTIONS, ALL, BY_NAME, SET_ACTIONS, Place, actions_in, bindings_in
from thinice_tui.tui.app import ThiniceApp
from thinice_tui.tui.content.help import help_text
from thinice_tui.tui.content.plots import PLOTS
from thinice_tui.tui.preferences import Preferences
from thinice_tui.tui.screens.browse import BrowseScreen
from thinice_tui.tui.screens.dialogs import ChoiceDialog, MultipleChoiceDialog
from thinice_tui.tui.screens.help import HelpScreen
from thinice_tui.tui.screens.inspect import InspectScreen
from thinice_tui.tui.screens.plot import PlotScreen
from thinice_tui.tui.screens.report import ReportScreen
from thinice_tui.tui.widgets.key_bar import keys
from thinice_tui.tui.widgets.slow_view import SlowView

KEY_NAMES = {"slash": "/", "question_mark": "?", "left_square_bracket": "[", "right_square_bracket": "]"}
Test = Callable[..., object]


@dataclass(frozen=True)
class Pressed:
    """An action by one of its keys in one of its places."""

    name: str
    place: Place
    key: str


Cases = tuple[Pressed, ...]
TESTED: set[Pressed] = set()


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
    TESTED.update(case for cases in every for case in cases)
    return pytest.mark.parametrize("cases", every, ids=names)


async def each(driver: Driver, cases: Cases, *keys: str) -> AsyncIterator[Pressed]:
    """The cases one by one: everything as at the beginning, `keys` pressed in the table, and then its place."""
    for do in cases:
        while driver.app.screen is not driver.browse or driver.app.focused is not driver.table:
            await driver.press("escape")
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


# the registry


def test_every_action_has_a_test_by_every_key_and_in_every_place() -> None:
    for action in ACTIONS:
        cases = [case for case in TESTED if case.name == action.name]
        assert {case.place for case in cases} == set(action.places), action.name
        known = {KEY_NAMES.get(key, key) for key in action.keys.split(",")}
        assert {case.key for case in cases} == known, action.name


SCREENS: dict[Place, tuple[type, ...]] = {
    "browse": (BrowseScreen,),
    "inspect": (InspectScreen,),
    "plots": (PlotScreen,),
    "text": (ReportScreen, HelpScreen),
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


def test_the_help_names_every_action() -> None:
    lines = help_text().plain.splitlines()
    for action in ACTIONS:
        assert any(line.split(action.meaning)[0].strip() == action.shown for line in lines if action.meaning in line)
    for name in SET_NAMES:
        assert name in help_text().plain


@pytest.mark.parametrize("place", ALL)
@pytest.mark.parametrize("width", [1, 20, 60, 80, 120, 300])
def test_the_key_bar_says_what_the_registry_says(place: Place, width: int) -> None:
    line = keys(place, width).plain
    assert len(line) <= max(width, 1)
    ranked = sorted((a for a in actions_in(place) if a.rank), key=lambda action: action.rank)
    shown = [f" {action.shown} {action.title} " in line for action in ranked]
    assert shown == sorted(shown, reverse=True), "the most needed are the last to go"
    assert all(shown) == (width == 300) or all(shown[:3])
    if width >= 60:
        assert "? help" in line and "q quit" in line, "the way out, and to all other keys, is always in sight"
    if width == 300:
        assert line.split() == " ".join(f"{a.shown} {a.title}" for a in actions_in(place) if a.rank).split()


# moving


@of_actions("down")
async def test_down(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key, do.key)
            assert driver.cursor == 2 and driver.selected == driver.order[2]
            if do.place == "inspect":
                await driver.shows(f"#{3 * driver.order[2]} ")


@of_actions("up")
async def test_up(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases, "j", "j", "j"):
            await driver.press(do.key)
            assert driver.cursor == 2 and driver.selected == driver.order[2]


@of_actions("first", "last")
async def test_first_and_last(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases, "j", "j", "j"):
            await driver.press(do.key)
            assert driver.selected == driver.order[0 if do.name == "first" else -1]
            top, page = driver.table.scroll_y, driver.table.page
            assert top <= driver.cursor < top + page, "the selected row is in sight"


@of_actions("page_down", "page_up")
async def test_pages(cases: Cases, tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, shape=(3, 64, 64), n=80)
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        async for do in each(driver, cases, "0"):
            by = 1 if do.name == "page_down" else -1
            if do.place == "browse":
                await driver.press("G" if by < 0 else "g")
                before = driver.cursor
                await driver.press(do.key)
                assert driver.cursor - before == by * driver.table.page
                continue
            if do.place == "inspect":
                await driver.press("z")
            await driver.drawn()
            view = driver.app.screen.query_one(SlowView)
            if do.place == "plots":
                await driver.press(do.key)
                assert driver.said == ["there is no more to see that way"]
                continue
            view.scroll_to(y=0 if by > 0 else 1000, animate=False, immediate=True)
            scrolled = view.scroll_y
            await driver.press(do.key)
            assert by * (view.scroll_y - scrolled) > 0


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


# looking


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


@of_actions("summary")
async def test_summary(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            await driver.shows("Samples on thin ice", "Models")
            assert isinstance(driver.app.screen, ReportScreen)


@of_actions("zoom")
async def test_zoom(cases: Cases, tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, shape=(3, 64, 64), n=40)
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        async for do in each(driver, cases):
            await driver.drawn()
            panel = driver.app.screen.query_one(SlowView)
            assert panel.max_scroll_y == 0, "everything fits"
            await driver.press(do.key)
            await driver.drawn()
            assert panel.max_scroll_y > 0 and "▀" * 64 in driver.text, "a cell a column of pixels"
            await driver.press(do.key)
            await driver.drawn()
            assert panel.max_scroll_y == 0


@of_actions("back")
async def test_back(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            assert driver.app.screen is driver.browse
            assert driver.session.view.sets == HELD_SETS and driver.app.focused is driver.table


# choosing


@of_actions("show_all")
async def test_show_all(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases, "/", *"margin<2", "enter"):
            assert driver.session.view.query == "margin<2"
            await driver.press(do.key)
            assert (driver.session.view.query, driver.session.view.sets) == ("", ALL_SETS)
            assert len(driver.order) == 200


@of_actions("filter")
async def test_filter(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            assert isinstance(driver.app.focused, Input)
            await driver.press(*"set=S10")
            assert driver.session.view.query == "set=S10"
            assert {name_of(driver, position) for position in driver.order} == {"S10"}


def name_of(driver: Driver, position: int) -> str:
    """The set of a sample."""
    assert driver.session.rows is not None
    return SET_NAMES[driver.session.rows.table.sets[position]]


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


async def test_chosen_columns_are_ticked_and_not_only_coloured(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("c")
        assert "✓ label" in driver.text and "✓ dense clean" not in driver.text
        await driver.press("down", "space")
        assert "✓ label" not in driver.text and "✓ sample" in driver.text


async def test_no_columns_at_all_are_not_accepted(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        before = driver.session.preferences
        await driver.press("c")
        driver.app.screen.query_one(SelectionList).deselect_all()
        await driver.press("enter")
        assert driver.said == ["choose at least one"] and isinstance(driver.app.screen, MultipleChoiceDialog)
        await driver.press("escape")
        assert driver.session.preferences == before


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


# the engine


@pytest.mark.usefixtures("computing")
@of_actions("pause")
async def test_pause(cases: Cases, unfinished: Path, settings_file: Path) -> None:
    control = unfinished.with_name("going.thinice.control")
    async with opened(unfinished, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            assert driver.said == ["pausing"]
            assert control.read_text() == "pause"
            control.unlink()


@pytest.mark.usefixtures("computing")
@of_actions("engine")
async def test_engine(cases: Cases, unfinished: Path, settings_file: Path) -> None:
    control = unfinished.with_name("going.thinice.control")
    async with opened(unfinished, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            assert isinstance(driver.app.screen, ChoiceDialog)
            await driver.shows("The engine", "It is running", "Pause", "Stop after this batch", "Kill", "Resume")
            await driver.press("down", "enter")
            assert control.read_text() == "stop"
            control.unlink()


@of_actions("quit")
async def test_quit(cases: Cases, run_file: Path, settings_file: Path) -> None:
    for do in cases:
        async with opened(run_file, settings_file) as driver:
            await driver.go(do.place)
            await driver.press(do.key)
            assert driver.app.return_code == 0 and driver.app.return_value == 0, do
            assert driver.app.exit_message == f"look again: thinice-tui open {run_file}"


# taking away


@of_actions("export")
async def test_export(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key, "enter", "enter")
            await driver.says("saved")
            saved = Path("made-samples.csv")
            assert len(saved.read_text().splitlines()) == 1 + len(driver.order)
            saved.unlink()


@of_actions("copy", "copy_all")
async def test_copy(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases, "1", "j"):
            driver.app.copy_to_clipboard("")
            await driver.press(do.key)
            found = [3 * position for position in driver.order]
            copied = [found[1]] if do.name == "copy" else found
            assert driver.app.clipboard == "\n".join(map(str, copied))
            await driver.says(f"#{found[1]}: copied" if do.name == "copy" else f"{len(found)} indices: copied")


@of_actions("screenshot")
async def test_screenshot(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.drawn()
            await driver.press(do.key, do.key)
            for name in ("thinice-screen.svg", "thinice-screen-2.svg"):  # and the first is left as it was
                svg = Path(name).read_text()
                assert svg.startswith("<svg") and "half" in svg
                Path(name).unlink()


# the program


@of_actions("help")
async def test_help(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            await driver.shows("next sample", "a page further down")
            await driver.press("escape")
            assert getattr(driver.app.screen, "place", None) == do.place


def has_options(options: OptionList, count: int) -> bool:
    return options.option_count == count


@of_actions("palette")
async def test_palette(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            commands = list(driver.app.get_system_commands(driver.app.screen))
            wanted = {f"{a.title[0].upper()}{a.title[1:]}": a for a in actions_in(do.place) if a.name != "palette"}
            assert {command.title for command in commands} == {*wanted, "Theme"}
            for command in commands[:-1]:
                assert command.help == f"{wanted[command.title].meaning} ({wanted[command.title].shown})"
            await driver.press(do.key)
            assert isinstance(driver.app.screen, CommandPalette)
            options = driver.app.screen.query_one(OptionList)
            await driver.until(partial(has_options, options, len(commands)), "every command")

    async with opened(run_file, settings_file) as driver:
        await driver.press(cases[0].key)
        options = driver.app.screen.query_one(OptionList)
        await driver.press(*"Screensh")
        await driver.until(partial(has_options, options, 1), "the command that matches")
        await driver.press("enter")
        await driver.until(Path("thinice-screen.svg").exists, "the command's effect")

    async with opened(run_file, settings_file) as driver:
        await driver.press(cases[0].key)
        options = driver.app.screen.query_one(OptionList)
        await driver.until(lambda: options.option_count > 5, "commands")
        options._index_to_line.clear()  # as while the list fills
        await driver.press("pagedown", "pageup", "escape")
        assert driver.app._exception is None and driver.app.screen is driver.browse
