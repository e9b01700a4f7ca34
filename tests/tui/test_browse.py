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
from tests.tui.driver import MODELS, NARROW, WIDE, Driver, opened
from thinice_tui.analysis.table import ALL_SETS, COLUMNS
from thinice_tui.tui.screens.browse import BrowseScreen
from thinice_tui.tui.screens.help import HelpScreen
from thinice_tui.tui.screens.inspect import InspectScreen
from thinice_tui.tui.widgets.filter_bar import FilterBar
from thinice_tui.tui.widgets.panels import PlotTabs
from thinice_tui.tui.widgets.slow_view import SlowView

SIZES = [(60, 20), NARROW, (110, 32), WIDE, (140, 40), (200, 60)]


def column_of(driver: Driver, title: str) -> int:
    """Where the header `title` begins."""
    return driver.lines[3].index(title)


# the mouse


@pytest.mark.parametrize("key", ["sample", "set"])
async def test_a_click_on_a_header_sorts_by_it_and_another_turns_it_round(
    key: str, run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("j", "j")
        kept = driver.selected
        for descending in (False, True, False):
            await driver.pilot.click(offset=(column_of(driver, COLUMNS[key].title), 3))
            await driver.settle()
            assert (driver.session.view.sort, driver.session.view.descending) == (key, descending)
            assert driver.selected == kept
            assert f"{COLUMNS[key].title}{'▼' if descending else '▲'}" in driver.lines[3]


async def test_every_header_answers_to_its_last_letter(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        header = driver.lines[3]
        starts = [column_of(driver, COLUMNS[key].title) for key in driver.session.preferences.columns]
        for key, start, end in zip(driver.session.preferences.columns, starts, [*starts[1:], len(header)], strict=True):
            if key == "margin" or key == "sample":  # aligned to the right
                continue
            x = start + len(COLUMNS[key].title) - 1
            assert x < end
            await driver.pilot.click(offset=(x, 3))
            await driver.settle()
            assert driver.session.view.sort == key


async def test_a_click_selects_and_two_inspect(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.pilot.click(offset=(10, 8))
        await driver.settle()
        assert driver.cursor == 4 and driver.selected == driver.order[4]
        assert driver.lines[8].startswith("▌")
        await driver.pilot.double_click(offset=(10, 10))
        await driver.until(lambda: isinstance(driver.app.screen, InspectScreen))
        await driver.shows(f"#{3 * driver.order[6]} ")


async def test_a_click_below_the_last_row_selects_nothing(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("/", *"sample<20", "enter")
        before = driver.selected
        await driver.pilot.click(offset=(10, 20))
        await driver.settle()
        assert driver.selected == before and len(driver.order) < 8


async def test_the_wheel_scrolls_and_the_selection_stays(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        before = driver.selected
        driver.table.post_message(events.MouseScrollDown(driver.table, 10, 10, 0, 1, 0, False, False, False))
        await driver.until(lambda: driver.table.scroll_y > 0)
        assert driver.selected == before


async def test_what_the_bars_name_can_be_clicked(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, (110, 32)) as driver:
        await driver.pilot.click(offset=(driver.lines[2].index("S10"), 2))
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


# the table


async def test_rows_say_what_the_run_says(run_file: Path, settings_file: Path) -> None:
    settings_file.parent.mkdir()
    settings_file.write_text(json.dumps({"columns": list(COLUMNS)}))
    async with opened(run_file, settings_file, (200, 40)) as driver:
        await driver.press("0", "g")
        run, rows = driver.session.run, driver.session.rows
        assert run is not None and rows is not None
        for y, position in enumerate(driver.order[: driver.table.page]):
            line = driver.lines[4 + y]
            dense, half = run.models[0], run.models[1]
            assert str(run.indices[position]) in line.split()
            assert f"{dense.clean_margin[position]:.3f}" in line.split()
            assert f"{half.clean_margin[position]:.3f}" in line.split()
            assert f"class {run.labels[position]}" in line
            assert f"class {half.worst_prediction[position]}" in line


async def test_the_selected_row_is_marked_without_colour(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("j", "j", "j")
        assert [y for y, line in enumerate(driver.lines) if line.startswith("▌")] == [4 + 3]


async def test_the_selected_sample_stays_at_its_height_when_sorted(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("0")
        driver.session.select(100)
        await driver.press("k", "k")
        kept, height = driver.selected, driver.cursor - driver.table.scroll_y
        await driver.press("s", "s")
        assert driver.selected == kept
        assert driver.cursor - driver.table.scroll_y == height
        assert driver.lines[4 + round(height)].startswith("▌")


async def test_a_selected_sample_that_a_filter_hides_gives_way_to_another(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("1", "j", "j", "2")
        await driver.press("1")  # S01 alone is left
        assert driver.selected in driver.order and driver.order[driver.cursor] == driver.selected


async def test_names_twice_as_wide_keep_the_columns_straight(tmp_path: Path, settings_file: Path) -> None:
    names = ["猫", "犬と猫", "bird", "とても長い名前のクラスです本当に長い", "e"]
    write_run(tmp_path / "a.thinice", MODELS, class_names=names)
    async with opened(tmp_path / "a.thinice", settings_file, (120, 30)) as driver:
        await driver.press("0")
        header = driver.lines[3]
        end = header.index("margin▲") + len("margin▲")
        for line in driver.lines[4:24]:
            margin = line.index(".") + 4  # three decimals
            assert cell_len(line[:margin]) == end, line


async def test_keys_that_come_faster_than_they_are_handled_mean_the_same(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        for key in "jjy":
            driver.app.post_message(events.Key(key, key))
        await driver.until(lambda: driver.app.clipboard)
        assert driver.app.clipboard == str(3 * driver.order[2])


# the filter bar


def below(driver: Driver) -> list[str]:
    """The two lines beneath the filter's input."""
    y = driver.browse.query_one(FilterBar).query_one(Static).region.y
    return driver.lines[y : y + 2]


async def test_typing_applies_what_is_right(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("/", *"margin<1.6")
        run = driver.session.run
        assert run is not None and driver.session.view.query == "margin<1.6"
        assert driver.order and (run.models[0].clean_margin[driver.order] < 1.6).all()
        few = len(driver.order)
        await driver.press("backspace", "backspace", "0")
        assert driver.session.view.query == "margin<10" and len(driver.order) > few
        await driver.press("enter")
        assert driver.app.focused is driver.table
        assert not driver.browse.query_one(FilterBar).display
        await driver.shows("/margin<10")


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
    async with opened(run_file, settings_file) as driver:
        driver.session.change_view(query="margin<2")
        before = driver.order
        await driver.press("/", *["backspace"] * 8, *typed)
        bar = driver.browse.query_one(FilterBar)
        line = driver.lines[bar.query_one(Input).region.y]
        start = line.rindex(wrong) if wrong == "or" else line.index(wrong)
        marks, message = below(driver)
        assert marks.rstrip() == " " * start + "^" * len(wrong)
        assert message.strip()
        last_right = driver.session.view.query
        assert last_right != typed and typed.startswith(last_right)
        await driver.press("enter")
        assert bar.display and isinstance(driver.app.focused, Input), "what is wrong is not accepted"
        await driver.press("escape")
        assert driver.session.view.query == "margin<2" and driver.order == before


async def test_a_mistake_far_to_the_right_is_marked_where_it_is_seen(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, (60, 20)) as driver:
        await driver.press("/", *"margin<2 and margin<3 and margin<4 and margin<5 and margin<6 and lable=1")
        bar = driver.browse.query_one(FilterBar)
        line = driver.lines[bar.query_one(Input).region.y]
        assert below(driver)[0].rstrip() == " " * line.index("lable") + "^" * 5


async def test_a_mistake_after_wide_names_is_marked_where_it_is(tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, class_names=["猫", "犬", "c", "d", "e"])
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        await driver.press("/", *"label=猫,犬 lable=c")
        assert below(driver)[0].rstrip() == " " * (1 + len("label=,") + 4 + 1) + "^" * 5


async def test_tab_completes_and_what_could_follow_is_listed(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("/")
        assert all(field in below(driver)[1] for field in ("sample", "label=", "margin", "set="))
        await driver.press(*"lab", "tab")
        typed = driver.browse.query_one(Input)
        assert typed.value == "label="
        await driver.press(*"class 3", *["backspace"] * 7, *"3", "tab")
        assert typed.value == 'label="class 3"'
        assert driver.session.view.query == 'label="class 3"'
        assert isinstance(driver.app.focused, Input)
        await driver.press(*["left"] * len(typed.value), *"not ")
        assert driver.session.view.query == 'not label="class 3"'


async def test_escape_takes_the_old_filter_back(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("/", *"set=S10", "enter", "j", "j")
        before, selected = driver.order, driver.selected
        await driver.press("/")
        assert driver.browse.query_one(Input).value == "set=S10"
        await driver.press(*" margin>3")
        assert driver.order != before
        await driver.press("escape")
        assert (driver.session.view.query, driver.order) == ("set=S10", before)
        assert driver.app.focused is driver.table and selected in driver.order


async def test_a_filter_that_nothing_passes_says_so(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("/", *"margin>1000", "enter")
        assert driver.order == [] and driver.session.position is None
        await driver.shows("no sample passes the filter margin>1000", "0 of 200")
        await driver.press("escape")
        assert driver.session.view.sets == ALL_SETS and len(driver.order) == 200
        assert driver.selected == driver.order[driver.cursor]


async def test_a_click_in_the_table_ends_the_typing_and_the_filter_holds(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("/", *"margin<2")
        await driver.pilot.click(offset=(10, 12))
        await driver.settle()
        assert driver.app.focused is driver.table and driver.session.view.query == "margin<2"
        await driver.press("escape")
        assert driver.session.view.query == ""
        assert not driver.browse.query_one(FilterBar).display, "no filter is shown that does not hold"


async def test_keys_are_letters_while_the_filter_is_typed(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("/", *"jkqsx1")
        assert driver.browse.query_one(Input).value == "jkqsx1"
        assert driver.app.screen is driver.browse and driver.cursor == 0


# as the run grows


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
        counts = driver.session.rows.set_counts
        assert driver.session.analysis is not None
        assert counts == driver.session.analysis.comparisons[0].sets.counts() | {"?": 0}
        await driver.shows(f"S10 {counts['S10']}", "finished")


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
    return batch in driver.session.run.models[number].stages[0].batches


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
            await driver.shows(f"S10 {counts['S10']}", f"? {counts['?']}")


async def test_other_screens_follow_the_run_too(tmp_path: Path, settings_file: Path) -> None:
    made = make_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"})
    with made.open() as writer:
        made.begin(writer)
        made.clean(writer, 0)
        made.clean(writer, 1)
        weakest = int(np.flatnonzero((made.margins[1] > 0) & (made.margins[1] < 0.5) & (made.margins[0] > 1.5))[0])
        async with opened(made.path, settings_file) as driver:
            await driver.press("/", *f"sample={3 * weakest}", "enter", "enter")
            await driver.shows(f"#{3 * weakest} ", "undecided")
            for number in (0, 1):
                made.attack(writer, number, 0)
            await driver.shows("S10", "PGD-20")
            await driver.press("escape", "v")
            await driver.shows("PARTIAL")


# terminals


@pytest.mark.parametrize("size", SIZES)
async def test_every_size_shows_the_table_and_the_way_out(
    size: tuple[int, int], run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file, size) as driver:
        await driver.drawn()
        wide = size[0] >= 110 and size[1] >= 32
        assert driver.browse.is_wide == wide
        beside = [view.display and view.size.width > 0 for view in driver.app.screen.query(SlowView)]
        assert beside == [wide] * 3
        assert (driver.app.screen.query_one(PlotTabs).size.width > 0) == wide
        assert "dense → half" in driver.lines[0] and "q quit" in driver.lines[-1]
        assert len(driver.lines) == size[1] and driver.table.page >= 10
        assert "too small" not in driver.text
        if wide:
            await driver.shows("logits", "n=", "robust")


async def test_a_terminal_that_is_too_small_says_what_is_needed_and_recovers(
    run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file, (50, 15)) as driver:
        await driver.shows("too small", "60", "20")
        await driver.press("j")
        await driver.pilot.resize_terminal(80, 24)
        await driver.until(lambda: "too small" not in driver.text)
        assert driver.cursor == 1 and "margin▲" in driver.lines[3]
        for size in ((59, 24), (80, 19)):
            await driver.pilot.resize_terminal(*size)
            await driver.shows("too small")
        await driver.pilot.resize_terminal(60, 20)
        await driver.until(lambda: "too small" not in driver.text)


@pytest.mark.parametrize("keys", [["enter", "z"], ["P"], ["v"], ["x"], ["/", "z"]])
async def test_no_size_breaks_any_screen(keys: list[str], run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, (110, 32)) as driver:
        await driver.press(*keys)
        for size in [(5, 3), (1, 1), (200, 10), NARROW]:
            await driver.pilot.resize_terminal(*size)
            await driver.drawn()
        assert driver.app._exception is None and driver.app.return_code is None
        assert isinstance(driver.browse, BrowseScreen) and len(driver.lines) == 24


async def test_the_panels_beside_the_table_come_and_go_with_the_room(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, NARROW) as driver:
        await driver.press("j")
        await driver.pilot.resize_terminal(*WIDE)
        await driver.drawn()
        await driver.shows(f"#{3 * driver.order[1]} ", "Dense margins", "robust")
        await driver.pilot.resize_terminal(*NARROW)
        await driver.until(lambda: "logits" not in driver.text)
        assert driver.cursor == 1
