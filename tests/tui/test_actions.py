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
from tests.tui.driving import MODELS, WIDE, Session, opened
from thinice_tui.analysis.live_sets import ALL_SETS, HELD_SETS, SET_NAMES
from thinice_tui.analysis.rows import View
from thinice_tui.analysis.table import COLUMNS
from thinice_tui.runfile.records import Role
from thinice_tui.tui.actions.registry import ACTIONS, ALL, BY_NAME, SET_ACTIONS, Place, actions_in, bindings_in
from thinice_tui.tui.app import ThiniceApp
from thinice_tui.tui.content.plots import PLOTS
from thinice_tui.tui.preferences import Preferences
from thinice_tui.tui.screens.browse import BrowseScreen
from thinice_tui.tui.screens.dialogs import ChoiceDialog, SomeDialog
from thinice_tui.tui.screens.views import HelpScreen, InspectScreen, PlotScreen, ReportScreen, help_text
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


async def each(session: Session, cases: Cases, *keys: str) -> AsyncIterator[Pressed]:
    """The cases one by one: everything as at the beginning, `keys` pressed in the table, and then its place."""
    for do in cases:
        while session.app.screen is not session.app.browse or session.app.focused is not session.table:
            await session.press("escape")
        session.app.change_view(**asdict(View()))
        session.app.preferences = Preferences()
        session.table.set_columns(Preferences().columns)
        session.table.go_to(0)
        session.app.clear_notifications()
        session.said.clear()
        await session.press(*keys)
        await session.go(do.place)
        session.doing = str(do)
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
            assert any(hasattr(owner, f"do_{action.name}") for owner in (screen, *app._handlers)), action.name
    owners = (*SCREENS[place], *app._handlers)
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
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases):
            await session.press(do.key, do.key)
            assert session.table.cursor == 2 and session.selected == session.order[2]
            if do.place == "inspect":
                await session.shows(f"#{3 * session.order[2]} ")


@of_actions("up")
async def test_up(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases, "j", "j", "j"):
            await session.press(do.key)
            assert session.table.cursor == 2 and session.selected == session.order[2]


@of_actions("first", "last")
async def test_first_and_last(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases, "j", "j", "j"):
            await session.press(do.key)
            assert session.selected == session.order[0 if do.name == "first" else -1]
            top, page = session.table.scroll_y, session.table.page
            assert top <= session.table.cursor < top + page, "the selected row is in sight"


@of_actions("page_down", "page_up")
async def test_pages(cases: Cases, tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, shape=(3, 64, 64), n=80)
    async with opened(tmp_path / "a.thinice", settings_file) as session:
        async for do in each(session, cases, "0"):
            by = 1 if do.name == "page_down" else -1
            if do.place == "browse":
                await session.press("G" if by < 0 else "g")
                before = session.table.cursor
                await session.press(do.key)
                assert session.table.cursor - before == by * session.table.page
                continue
            if do.place == "inspect":
                await session.press("z")
            await session.drawn()
            view = session.app.screen.query_one(SlowView)
            if do.place == "plots":
                await session.press(do.key)
                assert session.said == ["there is no more to see that way"]
                continue
            view.scroll_to(y=0 if by > 0 else 1000, animate=False, immediate=True)
            scrolled = view.scroll_y
            await session.press(do.key)
            assert by * (view.scroll_y - scrolled) > 0


@of_actions("left", "right")
async def test_sideways(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, (60, 20)) as session:
        async for do in each(session, cases):
            session.table.set_columns(list(COLUMNS))
            await session.settle()
            assert "sample" in session.lines[3] and "pruned margin" not in session.text
            towards, back = (do.key, "h") if do.name == "right" else ("l", do.key)
            for _ in range(20):
                if "pruned margin" not in session.lines[3]:
                    await session.press(towards)
            assert "pruned margin" in session.lines[3] and "sample" not in session.lines[3]
            for _ in range(20):
                if session.table.scroll_x:
                    await session.press(back)
            assert "sample" in session.lines[3] and session.said == []


# looking


@of_actions("inspect")
async def test_inspect(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases, "j"):
            await session.press(do.key)
            assert isinstance(session.app.screen, InspectScreen)
            await session.shows(f"#{3 * session.order[1]} ", "clean", "logits")


@of_actions("plot")
async def test_plot(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases):
            await session.press(do.key)
            assert isinstance(session.app.screen, PlotScreen)
            assert session.app.preferences.plot == ("flips" if do.place == "plots" else "margins")
            await session.drawn()
            await session.shows("Flip rate" if do.place == "plots" else "Dense margins by set")


async def test_plot_where_there_is_room_beside_the_table_is_the_next_plot(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, WIDE) as session:
        for kind in [*list(PLOTS)[1:], "margins"]:
            await session.press("p")
            assert isinstance(session.app.screen, BrowseScreen)
            assert session.app.preferences.plot == kind
            await session.drawn()


async def test_sample_and_plot_lead_to_each_other_without_piling_up(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press(*["enter", "p"] * 5)
        assert isinstance(session.app.screen, PlotScreen)
        await session.press("escape", "escape")
        assert session.app.screen_stack[-1] is session.app.browse


@of_actions("large_plot")
async def test_large_plot(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, WIDE) as session:
        async for do in each(session, cases):
            await session.press(do.key)
            assert isinstance(session.app.screen, PlotScreen)
            await session.drawn()
            assert "Dense margins by set" in session.text


@of_actions("summary")
async def test_summary(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases):
            await session.press(do.key)
            await session.shows("Samples on thin ice", "Models")
            assert isinstance(session.app.screen, ReportScreen)


@of_actions("zoom")
async def test_zoom(cases: Cases, tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, shape=(3, 64, 64), n=40)
    async with opened(tmp_path / "a.thinice", settings_file) as session:
        async for do in each(session, cases):
            await session.drawn()
            panel = session.app.screen.query_one(SlowView)
            assert panel.max_scroll_y == 0, "everything fits"
            await session.press(do.key)
            await session.drawn()
            assert panel.max_scroll_y > 0 and "▀" * 64 in session.text, "a cell a column of pixels"
            await session.press(do.key)
            await session.drawn()
            assert panel.max_scroll_y == 0


@of_actions("back")
async def test_back(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases):
            await session.press(do.key)
            assert session.app.screen is session.app.browse
            assert session.app.view.sets == HELD_SETS and session.app.focused is session.table


# choosing


@of_actions("show_all")
async def test_show_all(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases, "/", *"margin<2", "enter"):
            assert session.app.view.query == "margin<2"
            await session.press(do.key)
            assert (session.app.view.query, session.app.view.sets) == ("", ALL_SETS)
            assert len(session.order) == 200


@of_actions("filter")
async def test_filter(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases):
            await session.press(do.key)
            assert isinstance(session.app.focused, Input)
            await session.press(*"set=S10")
            assert session.app.view.query == "set=S10"
            assert {name_of(session, position) for position in session.order} == {"S10"}


def name_of(session: Session, position: int) -> str:
    """The set of a sample."""
    assert session.app.rows is not None
    return SET_NAMES[session.app.rows.table.sets[position]]


@of_actions(*SET_ACTIONS)
async def test_sets(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases):
            mine = SET_ACTIONS[do.name]
            await session.press(do.key)
            assert session.app.view.sets == {mine}
            assert session.order and {name_of(session, position) for position in session.order} == {mine}
            other = next(one for one in SET_ACTIONS if one != do.name)
            await session.press(BY_NAME[other].keys)
            assert session.app.view.sets == {mine, SET_ACTIONS[other]}, "one more"
            await session.press(BY_NAME[other].keys, do.key)
            assert session.app.view.sets == ALL_SETS, "none left is all"


@of_actions("set_all")
async def test_all_sets(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases, "1"):
            await session.press(do.key)
            assert session.app.view.sets == ALL_SETS and len(session.order) == 200
            await session.press(do.key)
            assert session.app.view.sets == HELD_SETS
            assert {name_of(session, position) for position in session.order} == {"S10", "S11"}


@of_actions("sort", "sort_back")
async def test_sort(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases, "j", "j"):
            kept = session.selected
            columns = session.app.preferences.columns
            step = 1 if do.name == "sort" else -1
            for times in range(1, len(columns) + 1):
                await session.press(do.key)
                expected = columns[(columns.index("margin") + step * times) % len(columns)]
                assert (session.app.view.sort, session.app.view.descending) == (expected, False)
                assert session.selected == kept == session.order[session.table.cursor]
                assert f"{COLUMNS[expected].title}▲" in session.lines[3]
            assert session.app.preferences.sort == "margin", "the last of them is remembered"


@of_actions("reverse")
async def test_reverse(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases):
            before, kept = session.order, session.selected
            await session.press(do.key)
            assert session.order == before[::-1] and session.selected == kept
            assert "margin▼" in session.lines[3]


@of_actions("columns")
async def test_columns(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases):
            await session.press(do.key)
            assert isinstance(session.app.screen, SomeDialog)
            await session.press("down", "space", "enter")
            assert list(session.app.preferences.columns) == ["sample", "dense", "pruned", "margin", "set", "broken_by"]
            await session.until(lambda: session.app.screen is session.app.browse)
            assert "label" not in session.lines[3]
            await session.press(do.key, *["space", "down"] * 7, "enter")
            assert list(session.app.preferences.columns) == ["label"], "the others are hidden, and label is shown again"


async def test_chosen_columns_are_ticked_and_not_only_coloured(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("c")
        assert "✓ label" in session.text and "✓ dense clean" not in session.text
        await session.press("down", "space")
        assert "✓ label" not in session.text and "✓ sample" in session.text


async def test_no_columns_at_all_are_not_accepted(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        before = session.app.preferences
        await session.press("c")
        session.app.screen.query_one(SelectionList).deselect_all()
        await session.press("enter")
        assert session.said == ["choose at least one"] and isinstance(session.app.screen, SomeDialog)
        await session.press("escape")
        assert session.app.preferences == before


@of_actions("margin")
async def test_margin(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        run = session.app.run_now
        assert run is not None
        async for do in each(session, cases, "0"):
            await session.press(do.key)
            assert View(margin="attacked", sets=ALL_SETS) == session.app.view
            worst = run.models[0].worst_margin[session.order]
            assert (np.diff(worst) >= 0).all() and worst[0] < 0
            await session.press(do.key)
            assert View(sets=ALL_SETS) == session.app.view
            assert (np.diff(run.models[0].clean_margin[session.order]) >= 0).all()


async def test_models_come_in_their_order(tmp_path: Path, settings_file: Path) -> None:
    models: dict[str, Role] = {"dense": "dense", "half": "pruned", "tenth": "pruned", "again": "control"}
    write_run(tmp_path / "a.thinice", models, n=20)
    async with opened(tmp_path / "a.thinice", settings_file) as session:
        for key, number in zip("]]][[[", (2, 3, 1, 3, 2, 1), strict=True):
            await session.press(key)
            assert session.app.view.other == number
            await session.shows(f"dense → {list(models)[number]}")


@of_actions("next_pruned", "previous_pruned")
async def test_models(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases, "j"):
            kept = session.selected
            for number in (2, 1):
                await session.press(do.key)
                assert session.app.view.other == number
                assert session.app.rows is not None and session.app.run_now is not None
                assert session.app.rows.table.other is session.app.run_now.models[number]
                await session.shows(f"dense → {list(MODELS)[number]}", f"[{number}/2]")
            assert session.selected == kept


# the engine


@pytest.mark.usefixtures("computing")
@of_actions("pause")
async def test_pause(cases: Cases, unfinished: Path, settings_file: Path) -> None:
    control = unfinished.with_name("going.thinice.control")
    async with opened(unfinished, settings_file) as session:
        async for do in each(session, cases):
            await session.press(do.key)
            assert session.said == ["pausing"]
            assert control.read_text() == "pause"
            control.unlink()


@pytest.mark.usefixtures("computing")
@of_actions("engine")
async def test_engine(cases: Cases, unfinished: Path, settings_file: Path) -> None:
    control = unfinished.with_name("going.thinice.control")
    async with opened(unfinished, settings_file) as session:
        async for do in each(session, cases):
            await session.press(do.key)
            assert isinstance(session.app.screen, ChoiceDialog)
            await session.shows("The engine", "It is running", "Pause", "Stop after this batch", "Kill", "Resume")
            await session.press("down", "enter")
            assert control.read_text() == "stop"
            control.unlink()


@of_actions("quit")
async def test_quit(cases: Cases, run_file: Path, settings_file: Path) -> None:
    for do in cases:
        async with opened(run_file, settings_file) as session:
            await session.go(do.place)
            await session.press(do.key)
            assert session.app.return_code == 0 and session.app.return_value == 0, do
            assert session.app.farewell == f"look again: thinice-tui open {run_file}"


# taking away


@of_actions("export")
async def test_export(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases):
            await session.press(do.key, "enter", "enter")
            await session.says("saved")
            saved = Path("made-samples.csv")
            assert len(saved.read_text().splitlines()) == 1 + len(session.order)
            saved.unlink()


@of_actions("copy", "copy_all")
async def test_copy(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases, "1", "j"):
            session.app.copy_to_clipboard("")
            await session.press(do.key)
            found = [3 * position for position in session.order]
            copied = [found[1]] if do.name == "copy" else found
            assert session.app.clipboard == "\n".join(map(str, copied))
            await session.says(f"#{found[1]}: copied" if do.name == "copy" else f"{len(found)} indices: copied")


@of_actions("screenshot")
async def test_screenshot(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases):
            await session.drawn()
            await session.press(do.key, do.key)
            for name in ("thinice-screen.svg", "thinice-screen-2.svg"):  # and the first is left as it was
                svg = Path(name).read_text()
                assert svg.startswith("<svg") and "half" in svg
                Path(name).unlink()


# the program


@of_actions("help")
async def test_help(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases):
            await session.press(do.key)
            await session.shows("next sample", "a page further down")
            await session.press("escape")
            assert getattr(session.app.screen, "place", None) == do.place


def has_options(options: OptionList, count: int) -> bool:
    return options.option_count == count


@of_actions("palette")
async def test_palette(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        async for do in each(session, cases):
            commands = list(session.app.get_system_commands(session.app.screen))
            wanted = {f"{a.title[0].upper()}{a.title[1:]}": a for a in actions_in(do.place) if a.name != "palette"}
            assert {command.title for command in commands} == {*wanted, "Theme"}
            for command in commands[:-1]:
                assert command.help == f"{wanted[command.title].meaning} ({wanted[command.title].shown})"
            await session.press(do.key)
            assert isinstance(session.app.screen, CommandPalette)
            options = session.app.screen.query_one(OptionList)
            await session.until(partial(has_options, options, len(commands)), "every command")

    async with opened(run_file, settings_file) as session:
        await session.press(cases[0].key)
        options = session.app.screen.query_one(OptionList)
        await session.press(*"Screensh")
        await session.until(partial(has_options, options, 1), "the command that matches")
        await session.press("enter")
        await session.until(Path("thinice-screen.svg").exists, "the command's effect")

    async with opened(run_file, settings_file) as session:
        await session.press(cases[0].key)
        options = session.app.screen.query_one(OptionList)
        await session.until(lambda: options.option_count > 5, "commands")
        options._index_to_line.clear()  # as while the list fills
        await session.press("pagedown", "pageup", "escape")
        assert session.app._exception is None and session.app.screen is session.app.browse
