"""The table of samples: what it draws, and the mouse."""

import json
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual import events

from tests.fake_runs import write_run
from tests.tui.driver import MODELS, Driver, opened
from thinice_tui.analysis.table import COLUMNS
from thinice_tui.tui.screens.inspect import InspectScreen


def column_of(driver: Driver, title: str) -> int:
    """Where the header `title` begins."""
    return driver.lines[3].index(title)


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


async def test_every_header_can_be_clicked_at_its_last_letter(run_file: Path, settings_file: Path) -> None:
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


async def test_rows_say_what_the_run_says(run_file: Path, settings_file: Path) -> None:
    settings_file.parent.mkdir()
    settings_file.write_text(json.dumps({"columns": list(COLUMNS)}))
    async with opened(run_file, settings_file, (220, 40)) as driver:
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


async def test_wide_characters_keep_the_columns_aligned(tmp_path: Path, settings_file: Path) -> None:
    names = ["猫", "犬と猫", "bird", "とても長い名前のクラスです本当に長い", "e"]
    write_run(tmp_path / "a.thinice", MODELS, class_names=names)
    async with opened(tmp_path / "a.thinice", settings_file, (120, 30)) as driver:
        await driver.press("0")
        header = driver.lines[3]
        end = header.index("margin▲") + len("margin▲")
        for line in driver.lines[4:24]:
            margin = line.index(".") + 4  # three decimals
            assert cell_len(line[:margin]) == end, line


async def test_a_title_under_the_mouse_tells_its_meaning(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.pilot.hover(offset=(driver.lines[3].index("pruned adv") + 2, 3))
        await driver.until(lambda: driver.table.tooltip)
        assert str(driver.table.tooltip) == "pruned adv: the pruned model's prediction under the worst attack found"
        await driver.pilot.hover(offset=(10, 8))
        await driver.until(lambda: driver.table.tooltip is None)


async def test_a_scrollbar_goes_when_everything_fits(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        assert driver.table.show_vertical_scrollbar
        await driver.press("/", *"sample<40", "enter")
        assert 0 < len(driver.order) < driver.table.page and not driver.table.show_vertical_scrollbar
        await driver.press("escape")
        assert driver.table.show_vertical_scrollbar


async def test_another_order_begins_at_the_first_row_where_the_selected_one_is_near(
    run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file) as driver:
        for key in ("m", "s", "r"):
            await driver.press("g", key)
            if driver.cursor < driver.table.page:
                assert driver.table.scroll_y == 0


async def test_the_title_names_the_kind_of_margin(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        assert " margin▲" in driver.lines[3]
        await driver.press("m")
        assert " margin adv▲" in driver.lines[3]
