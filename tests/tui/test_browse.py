"""The table, the filter bar, the mouse, live updates, and terminals of every size."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len
from textual import events
from textual.widgets import Input, Static

from tests.fake_runs import make_run, write_run
from tests.tui.driving import MODELS, NARROW, WIDE, Session, opened
from thinice_tui.analysis.live_sets import ALL_SETS
from thinice_tui.analysis.table import COLUMNS
from thinice_tui.tui.screens.browse import BrowseScreen
from thinice_tui.tui.screens.views import HelpScreen, InspectScreen
from thinice_tui.tui.widgets.filter_bar import FilterBar
from thinice_tui.tui.widgets.panels import PlotTabs
from thinice_tui.tui.widgets.slow_view import SlowView

SIZES = [(60, 20), NARROW, (110, 32), WIDE, (140, 40), (200, 60)]


def column_of(session: Session, title: str) -> int:
    """Where the header `title` begins."""
    return session.lines[3].index(title)


# the mouse


@pytest.mark.parametrize("key", ["sample", "set"])
async def test_a_click_on_a_header_sorts_by_it_and_another_turns_it_round(
    key: str, run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("j", "j")
        kept = session.selected
        for descending in (False, True, False):
            await session.pilot.click(offset=(column_of(session, COLUMNS[key].title), 3))
            await session.settle()
            assert (session.app.view.sort, session.app.view.descending) == (key, descending)
            assert session.selected == kept
            assert f"{COLUMNS[key].title}{'▼' if descending else '▲'}" in session.lines[3]


async def test_every_header_answers_to_its_last_letter(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        header = session.lines[3]
        starts = [column_of(session, COLUMNS[key].title) for key in session.app.preferences.columns]
        for key, start, end in zip(session.app.preferences.columns, starts, [*starts[1:], len(header)], strict=True):
            if key == "margin" or key == "sample":  # aligned to the right
                continue
            x = start + len(COLUMNS[key].title) - 1
            assert x < end
            await session.pilot.click(offset=(x, 3))
            await session.settle()
            assert session.app.view.sort == key


async def test_a_click_selects_and_two_inspect(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.pilot.click(offset=(10, 8))
        await session.settle()
        assert session.table.cursor == 4 and session.selected == session.order[4]
        assert session.lines[8].startswith("▌")
        await session.pilot.double_click(offset=(10, 10))
        await session.until(lambda: isinstance(session.app.screen, InspectScreen))
        await session.shows(f"#{3 * session.order[6]} ")


async def test_a_click_below_the_last_row_selects_nothing(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("/", *"sample<20", "enter")
        before = session.selected
        await session.pilot.click(offset=(10, 20))
        await session.settle()
        assert session.selected == before and len(session.order) < 8


async def test_the_wheel_scrolls_and_the_selection_stays(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        before = session.selected
        session.table.post_message(events.MouseScrollDown(session.table, 10, 10, 0, 1, 0, False, False, False))
        await session.until(lambda: session.table.scroll_y > 0)
        assert session.selected == before


async def test_what_the_bars_name_can_be_clicked(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, (110, 32)) as session:
        await session.pilot.click(offset=(session.lines[2].index("S10"), 2))
        await session.settle()
        assert session.app.view.sets == {"S10"}
        row = next(y for y, line in enumerate(session.lines) if " Scatter " in line)
        await session.pilot.click(offset=(session.lines[row].index("Scatter"), row))
        await session.settle()
        assert session.app.preferences.plot == "ranks"
        await session.drawn()
        assert "Margin ranks" in session.text
        await session.pilot.click(offset=(session.lines[-1].index("? help"), 31))
        await session.settle()
        assert isinstance(session.app.screen, HelpScreen)


# the table


async def test_rows_say_what_the_run_says(run_file: Path, settings_file: Path) -> None:
    settings_file.parent.mkdir()
    settings_file.write_text(json.dumps({"columns": list(COLUMNS)}))
    async with opened(run_file, settings_file, (200, 40)) as session:
        await session.press("0", "g")
        run, rows = session.app.run_now, session.app.rows
        assert run is not None and rows is not None
        for y, position in enumerate(session.order[: session.table.page]):
            line = session.lines[4 + y]
            dense, half = run.models[0], run.models[1]
            assert str(run.indices[position]) in line.split()
            assert f"{dense.clean_margin[position]:.3f}" in line.split()
            assert f"{half.clean_margin[position]:.3f}" in line.split()
            assert f"class {run.labels[position]}" in line
            assert f"class {half.worst_prediction[position]}" in line


async def test_the_selected_row_is_marked_without_colour(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("j", "j", "j")
        assert [y for y, line in enumerate(session.lines) if line.startswith("▌")] == [4 + 3]


async def test_the_selected_sample_stays_at_its_height_when_sorted(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("0")
        session.table.go_to(100)
        await session.press("k", "k")
        kept, height = session.selected, session.table.cursor - session.table.scroll_y
        await session.press("s", "s")
        assert session.selected == kept
        assert session.table.cursor - session.table.scroll_y == height
        assert session.lines[4 + round(height)].startswith("▌")


async def test_a_selected_sample_that_a_filter_hides_gives_way_to_another(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("1", "j", "j", "2")
        await session.press("1")  # S01 alone is left
        assert session.selected in session.order and session.order[session.table.cursor] == session.selected


async def test_names_twice_as_wide_keep_the_columns_straight(tmp_path: Path, settings_file: Path) -> None:
    names = ["猫", "犬と猫", "bird", "とても長い名前のクラスです本当に長い", "e"]
    write_run(tmp_path / "a.thinice", MODELS, class_names=names)
    async with opened(tmp_path / "a.thinice", settings_file, (120, 30)) as session:
        await session.press("0")
        header = session.lines[3]
        end = header.index("margin▲") + len("margin▲")
        for line in session.lines[4:24]:
            margin = line.index(".") + 4  # three decimals
            assert cell_len(line[:margin]) == end, line


async def test_keys_that_come_faster_than_they_are_handled_mean_the_same(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        for key in "jjy":
            session.app.post_message(events.Key(key, key))
        await session.until(lambda: session.app.clipboard)
        assert session.app.clipboard == str(3 * session.order[2])


# the filter bar


def below(session: Session) -> list[str]:
    """The two lines beneath the filter's input."""
    y = session.app.browse.query_one(FilterBar).query_one(Static).region.y
    return session.lines[y : y + 2]


async def test_typing_applies_what_is_right(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("/", *"margin<1.6")
        run = session.app.run_now
        assert run is not None and session.app.view.query == "margin<1.6"
        assert session.order and (run.models[0].clean_margin[session.order] < 1.6).all()
        few = len(session.order)
        await session.press("backspace", "backspace", "0")
        assert session.app.view.query == "margin<10" and len(session.order) > few
        await session.press("enter")
        assert session.app.focused is session.table
        assert not session.app.browse.query_one(FilterBar).display
        await session.shows("/margin<10")


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ("set=S10 lable=a", "lable"),
        ("margin<tiny", "tiny"),
        ("(set=S10", "("),
        ('label="class 1', '"class 1'),
        ("set=S10 or or", "or"),
    ],
)
async def test_a_mistake_is_marked_where_it_is_and_the_old_filter_stays(
    typed: str, wrong: str, run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file) as session:
        session.app.change_view(query="margin<2")
        before = session.order
        await session.press("/", *["backspace"] * 8, *typed)
        bar = session.app.browse.query_one(FilterBar)
        line = session.lines[bar.query_one(Input).region.y]
        start = line.rindex(wrong) if wrong == "or" else line.index(wrong)
        marks, message = below(session)
        assert marks.rstrip() == " " * start + "^" * len(wrong)
        assert message.strip()
        last_right = session.app.view.query
        assert last_right != typed and typed.startswith(last_right)
        await session.press("enter")
        assert bar.display and isinstance(session.app.focused, Input), "what is wrong is not accepted"
        await session.press("escape")
        assert session.app.view.query == "margin<2" and session.order == before


async def test_a_mistake_far_to_the_right_is_marked_where_it_is_seen(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, (60, 20)) as session:
        await session.press("/", *"margin<2 and margin<3 and margin<4 and margin<5 and margin<6 and lable=1")
        bar = session.app.browse.query_one(FilterBar)
        line = session.lines[bar.query_one(Input).region.y]
        assert below(session)[0].rstrip() == " " * line.index("lable") + "^" * 5


async def test_a_mistake_after_wide_names_is_marked_where_it_is(tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, class_names=["猫", "犬", "c", "d", "e"])
    async with opened(tmp_path / "a.thinice", settings_file) as session:
        await session.press("/", *"label=猫,犬 lable=c")
        assert below(session)[0].rstrip() == " " * (1 + len("label=,") + 4 + 1) + "^" * 5


async def test_tab_completes_and_what_could_follow_is_listed(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("/")
        assert all(field in below(session)[1] for field in ("sample", "label=", "margin", "set="))
        await session.press(*"lab", "tab")
        typed = session.app.browse.query_one(Input)
        assert typed.value == "label="
        await session.press(*"class 3", *["backspace"] * 7, *"3", "tab")
        assert typed.value == 'label="class 3"'
        assert session.app.view.query == 'label="class 3"'
        assert isinstance(session.app.focused, Input)
        await session.press(*["left"] * len(typed.value), *"not ")
        assert session.app.view.query == 'not label="class 3"'


async def test_escape_takes_the_old_filter_back(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("/", *"set=S10", "enter", "j", "j")
        before, selected = session.order, session.selected
        await session.press("/")
        assert session.app.browse.query_one(Input).value == "set=S10"
        await session.press(*" margin>3")
        assert session.order != before
        await session.press("escape")
        assert (session.app.view.query, session.order) == ("set=S10", before)
        assert session.app.focused is session.table and selected in session.order


async def test_a_filter_that_nothing_passes_says_so(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("/", *"margin>1000", "enter")
        assert session.order == [] and session.app.position is None
        await session.shows("no sample passes the filter margin>1000", "0 of 200")
        await session.press("escape")
        assert session.app.view.sets == ALL_SETS and len(session.order) == 200
        assert session.selected == session.order[session.table.cursor]


async def test_a_click_in_the_table_ends_the_typing_and_the_filter_holds(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("/", *"margin<2")
        await session.pilot.click(offset=(10, 12))
        await session.settle()
        assert session.app.focused is session.table and session.app.view.query == "margin<2"
        await session.press("escape")
        assert session.app.view.query == ""
        assert not session.app.browse.query_one(FilterBar).display, "no filter is shown that does not hold"


async def test_keys_are_letters_while_the_filter_is_typed(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("/", *"jkqsx1")
        assert session.app.browse.query_one(Input).value == "jkqsx1"
        assert session.app.screen is session.app.browse and session.table.cursor == 0


# as the run grows


async def test_rows_and_sets_follow_the_run_and_the_selected_sample_stays(tmp_path: Path, settings_file: Path) -> None:
    made = make_run(tmp_path / "a.thinice", MODELS)
    with made.open() as writer:
        made.begin(writer)
    async with opened(made.path, settings_file) as session:
        assert session.app.rows is not None and set(session.app.rows.set_counts) == {"S11", "S10", "S01", "S00", "?"}
        assert session.app.rows.set_counts["?"] == 200
        await session.press("0", "/", *"sample>30", "enter", "s", *["j"] * 25)
        kept = session.selected
        with made.open() as writer:
            for number in range(len(MODELS)):
                made.clean(writer, number)
            await session.until(lambda: session.app.rows and session.app.rows.set_counts["S00"], "clean predictions")
            for ordinal in range(3):
                for number in range(len(MODELS)):
                    made.attack(writer, number, ordinal)
                    await session.until(partial(has_finished, session, number, ordinal), "a stage")
                    assert session.selected == kept == session.order[session.table.cursor]
                    height = session.table.cursor - session.table.scroll_y
                    assert 0 <= height < session.table.page
            writer.finish(None)
        await session.until(lambda: session.app.run_now and session.app.run_now.complete)
        await session.until(lambda: session.app.analysis and session.app.analysis.complete)
        counts = session.app.rows.set_counts
        assert session.app.analysis is not None
        assert counts == session.app.analysis.comparisons[0].sets.counts() | {"?": 0}
        await session.shows(f"S10 {counts['S10']}", "finished")


def has_finished(session: Session, number: int, ordinal: int) -> bool:
    """Whether it is known that the model `number` is through a stage."""
    assert session.app.run_now is not None
    return session.app.run_now.models[number].stages[ordinal].finished


async def test_a_sample_keeps_its_place_on_the_screen_while_others_come(tmp_path: Path, settings_file: Path) -> None:
    made = make_run(tmp_path / "a.thinice", MODELS)
    with made.open() as writer:
        made.begin(writer)
        for number in range(2):
            made.clean(writer, number)
        async with opened(made.path, settings_file) as session:
            session.table.go_to(len(session.order) - 40)
            await session.press("k")
            kept, height = session.selected, session.table.cursor - session.table.scroll_y
            before = len(session.order)
            made.attack(writer, 0, 0)
            await session.until(lambda: len(session.order) < before, "rows that dense has lost go")
            assert session.selected == kept
            assert session.table.cursor - session.table.scroll_y == height


def has_done(session: Session, number: int, batch: int) -> bool:
    """Whether a batch of the first stage is known."""
    assert session.app.run_now is not None
    return batch in session.app.run_now.models[number].stages[0].batches


async def test_flips_are_seen_from_the_first_batches_on(tmp_path: Path, settings_file: Path) -> None:
    made = make_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"})
    with made.open() as writer:
        made.begin(writer)
        for number in (0, 1):
            made.clean(writer, number)
            writer.start_stage(number, 0, len(made.standing(number, 0)))
        async with opened(made.path, settings_file) as session:
            assert session.app.rows is not None
            counts = session.app.rows.set_counts
            assert counts["S10"] == counts["S01"] == counts["S11"] == 0, "no sample is through a first stage"
            for batch in range(4):
                for number in (0, 1):
                    made.attack_batch(writer, number, 0, batch)
                    await session.until(partial(has_done, session, number, batch), "a batch")
            counts = session.app.rows.set_counts
            assert counts["S10"] > 0 and counts["S01"] > 0 and counts["S11"] > 20 and counts["?"] > 50
            await session.shows(f"S10 {counts['S10']}", f"? {counts['?']}")


async def test_other_screens_follow_the_run_too(tmp_path: Path, settings_file: Path) -> None:
    made = make_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"})
    with made.open() as writer:
        made.begin(writer)
        made.clean(writer, 0)
        made.clean(writer, 1)
        weakest = int(np.flatnonzero((made.margins[1] > 0) & (made.margins[1] < 0.5) & (made.margins[0] > 1.5))[0])
        async with opened(made.path, settings_file) as session:
            await session.press("/", *f"sample={3 * weakest}", "enter", "enter")
            await session.shows(f"#{3 * weakest} ", "undecided")
            for number in (0, 1):
                made.attack(writer, number, 0)
            await session.shows("S10", "PGD-20")
            await session.press("escape", "v")
            await session.shows("PARTIAL")


# terminals


@pytest.mark.parametrize("size", SIZES)
async def test_every_size_shows_the_table_and_the_way_out(
    size: tuple[int, int], run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file, size) as session:
        await session.drawn()
        wide = size[0] >= 110 and size[1] >= 32
        assert session.app.browse.is_wide == wide
        beside = [view.display and view.size.width > 0 for view in session.app.screen.query(SlowView)]
        assert beside == [wide] * 3
        assert (session.app.screen.query_one(PlotTabs).size.width > 0) == wide
        assert "dense → half" in session.lines[0] and "q quit" in session.lines[-1]
        assert len(session.lines) == size[1] and session.table.page >= 10
        assert "too small" not in session.text
        if wide:
            await session.shows("logits", "n=", "robust")


async def test_a_terminal_that_is_too_small_says_what_is_needed_and_recovers(
    run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file, (50, 15)) as session:
        await session.shows("too small", "60", "20")
        await session.press("j")
        await session.pilot.resize_terminal(80, 24)
        await session.until(lambda: "too small" not in session.text)
        assert session.table.cursor == 1 and "margin▲" in session.lines[3]
        for size in ((59, 24), (80, 19)):
            await session.pilot.resize_terminal(*size)
            await session.shows("too small")
        await session.pilot.resize_terminal(60, 20)
        await session.until(lambda: "too small" not in session.text)


@pytest.mark.parametrize("keys", [["enter", "z"], ["P"], ["v"], ["x"], ["/", "z"]])
async def test_no_size_breaks_any_screen(keys: list[str], run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, (110, 32)) as session:
        await session.press(*keys)
        for size in [(5, 3), (1, 1), (200, 10), NARROW]:
            await session.pilot.resize_terminal(*size)
            await session.drawn()
        assert session.app._exception is None and session.app.return_code is None
        assert isinstance(session.app.browse, BrowseScreen) and len(session.lines) == 24


async def test_the_panels_beside_the_table_come_and_go_with_the_room(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, NARROW) as session:
        await session.press("j")
        await session.pilot.resize_terminal(*WIDE)
        await session.drawn()
        await session.shows(f"#{3 * session.order[1]} ", "Dense margins", "robust")
        await session.pilot.resize_terminal(*NARROW)
        await session.until(lambda: "logits" not in session.text)
        assert session.table.cursor == 1
