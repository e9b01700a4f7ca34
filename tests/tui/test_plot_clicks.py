"""The mouse on plots: a bin filters by its margins, a point selects its sample."""

from pathlib import Path

from rich.style import Style

from tests.places import SAMPLE_MODELS
from tests.tui.driver import Driver, opened

FIVE = SAMPLE_MODELS / "standard.thinice"


def clickable(driver: Driver, action: str) -> dict[tuple[int, int], str]:
    """The cells of the screen a click on which does `action`, with what it says."""
    found = {}
    for y, strip in enumerate(driver.app.screen._compositor.render_strips()):
        x = 0
        for segment in strip:
            style = segment.style or Style.null()
            said = str(style.meta.get("@click", "")) if style.meta else ""
            for _ in segment.text:
                if action in said:
                    found[x, y] = said
                x += 1
    return found


async def test_a_click_on_a_bin_filters_by_it_and_another_click_shows_all_again(settings_file: Path) -> None:
    async with opened(FIVE, settings_file) as driver:
        await driver.press("P")
        await driver.drawn()
        bins = clickable(driver, "filter_margin")
        place = next(cell for cell, said in bins.items() if "'1..1.2'" in said)
        await driver.pilot.click(offset=place)
        assert driver.session.view.query == "margin=1..1.2"
        rows = driver.session.rows
        assert rows is not None and 0 < len(rows.order) < 60
        margins = rows.table.margins[rows.order]
        assert margins.min() >= 1 and margins.max() <= 1.2
        driver.session.filter_margin("1..1.2")
        assert driver.session.view.query == ""


async def test_a_click_on_a_point_selects_its_sample(settings_file: Path) -> None:
    async with opened(FIVE, settings_file, (120, 50)) as driver:
        await driver.press("P", "p", "p")
        await driver.drawn()
        points = clickable(driver, "select_sample")
        assert len(points) > 100
        signs = [driver.lines[y][x] for x, y in points]
        assert sum(sign in "●▼▲○" for sign in signs) > 0.97 * len(signs), "but where the marks of the selected one are"
        place, said = list(points.items())[len(points) // 2]
        await driver.pilot.click(offset=place)
        assert f"select_sample({driver.selected})" in said


async def test_a_click_on_one_of_few_samples_of_the_histogram_selects_it(settings_file: Path) -> None:
    async with opened(FIVE, settings_file) as driver:
        await driver.press("/", *"set=S10 margin<1.5", "enter", "P")
        await driver.drawn()
        points = clickable(driver, "select_sample")
        assert 5 < len(points) <= len(driver.order) <= 40
        assert {driver.lines[y][x] for x, y in points} <= {"▼", "│"}, "the selected one is a line"
        place, said = list(points.items())[-1]
        await driver.pilot.click(offset=place)
        assert f"select_sample({driver.selected})" in said
        assert "filter_margin" in clickable(driver, "filter_margin")[place[0], 8], "beside them a click filters"
