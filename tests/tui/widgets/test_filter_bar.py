"""The filter: typed, marked where it is wrong, completed."""

from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input, Static

from tests.fake_runs import write_run
from tests.tui.driver import MODELS, REACH, Driver, opened
from thinice_tui.analysis.live_sets import ALL_SETS
from thinice_tui.tui.action_registry import Place
from thinice_tui.tui.widgets.filter_bar import FilterBar


def below(driver: Driver) -> list[str]:
    """The lines beneath the filter's input."""
    found = driver.browse.query_one(FilterBar).query_one(Static).region
    return driver.lines[found.y : found.bottom]


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


@pytest.mark.parametrize("keys", [("enter", "enter"), ("escape", "enter"), ("escape", "tab")])
@pytest.mark.parametrize("typed", ["", "set=S10"])
async def test_keys_that_arrive_together_close_it_once(
    keys: tuple[str, str], typed: str, run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("/", *typed)
        bar = driver.browse.query_one(FilterBar)
        for key in keys:
            driver.app.post_message(events.Key(key, None))
        await driver.settle()
        await driver.until(lambda: not bar.display, "the bar is closed")
        bar.post_message(Input.Submitted(bar.query_one(Input), typed))  # what a second enter was for
        await driver.settle()
        assert driver.session.view.query == (typed if keys[0] == "enter" else "")


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
        marks, *message = below(driver)
        assert marks.rstrip() == " " * start + "^" * len(wrong)
        assert "".join(message).strip()
        last_right = driver.session.view.query
        assert last_right != typed and typed.startswith(last_right)
        await driver.press("enter")
        assert bar.display and isinstance(driver.app.focused, Input), "what is wrong is not accepted"
        await driver.press("escape")
        assert driver.session.view.query == "margin<2" and driver.order == before


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (140, 40)])
async def test_what_is_said_of_a_mistake_is_whole(size: tuple[int, int], run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, size) as driver:
        await driver.press("/", *"margin<foo")
        width = driver.browse.query_one(FilterBar).region.width
        said = " ".join(" ".join(line[:width] for line in below(driver)[1:]).split())
        assert said.startswith("'foo' is no number") and said.endswith("0..0.5 or none"), said


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
        await driver.shows("no sample passes: / changes the filter, esc shows all · margin>1000", "0 of 200")
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


async def test_the_up_key_brings_back_earlier_filters(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        for query in ("margin<1", "set=S10", "margin<1"):
            driver.session.change_view(query="")
            await driver.press("/", *query, "enter")
        driver.session.change_view(query="")
        await driver.press("/", *"sam")
        typed = driver.browse.query_one(FilterBar).query_one(Input)
        for key, query in (
            ("up", "margin<1"),
            ("up", "set=S10"),
            ("up", "set=S10"),
            ("down", "margin<1"),
            ("down", "sam"),
        ):
            await driver.press(key)
            assert typed.value == query.strip(), (query, key)
        await driver.press("up", "enter")
        assert driver.session.view.query == "margin<1"


@pytest.mark.parametrize("place", sorted(REACH))
async def test_a_filter_can_be_typed_on_every_screen(place: Place, run_file: Path, settings_file: Path) -> None:
    """And no letter of it is taken for a key."""
    async with opened(run_file, settings_file) as driver:
        await driver.press(*REACH[place])
        await driver.press("/", *"set=S10 margin<3", "enter")
        assert driver.session.view.query == "set=S10 margin<3" and driver.app.screen is driver.browse
        assert not driver.said
        await driver.press(*REACH[place])
        await driver.press(":", *str(3 * driver.order[-1]), "enter")
        assert driver.selected == driver.order[-1]
        assert driver.app.screen is driver.browse and driver.app.focused is driver.table
