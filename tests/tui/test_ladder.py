"""The ladder of the shipped run of five models: what it shows, how it sorts, and moving from model to model."""

from pathlib import Path

import numpy as np

from tests.places import SAMPLE_MODELS
from tests.tui.driver import Driver, opened
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.analysis.excess import excesses
from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.analysis.ladder import ladder_of
from thinice_tui.analysis.live_sets import HELD_SETS
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Floats
from thinice_tui.tui.content.rows import flip_words

FIVE = SAMPLE_MODELS / "standard.thinice"
HEADER = "sample label      dense 90% 95% 99% │ control falls at▲  margin"


def row_of(driver: Driver, sample: int) -> str:
    return next(line for line in driver.lines if line[1:].split()[:1] == [str(sample)])


def expected_row(analysis: Analysis, position: int) -> list[str]:
    """The words of a sample that dense holds and a pruned model loses, in the ladder."""
    run, marks = analysis.run, ["▼" if one.sets.s10[position] else "●" for one in analysis.comparisons]
    falls = ("90", "95", "99")[marks.index("▼")]
    name, margin = run.class_names[run.labels[position]], f"{run.models[0].clean_margin[position]:.3f}"
    return [str(run.indices[position]), name, "●", *marks[:3], "│", marks[3], falls, "%", margin]


def first_lost(analysis: Analysis, *models: str) -> int:
    """The position of the sample of the smallest dense margin that these models lose, and no other."""
    lost = np.array([one.sets.s10 for one in analysis.comparisons])
    wanted = np.array([one.other.record.name in models for one in analysis.comparisons])
    found = np.flatnonzero((lost == wanted[:, None]).all(axis=0))
    return int(found[np.argmin(analysis.run.models[0].clean_margin[found])])


async def test_it_is_the_first_thing_to_see_of_several_pruned_models(settings_file: Path) -> None:
    analysis = analyse(read_run(FIVE))
    async with opened(FIVE, settings_file, (80, 200)) as driver:
        assert HEADER in driver.lines[3]
        for models in (("pruned-90", "pruned", "pruned-99"), ("pruned-90",), ("pruned-90", "pruned-99")):
            expected = expected_row(analysis, first_lost(analysis, *models))
            shown = row_of(driver, int(expected[0])).replace("▌", " ").split()
            assert shown[: len(expected)] == expected
        await driver.press("L")
        assert "broken by" in driver.lines[3] and "falls at" not in driver.lines[3]
        assert driver.session.view.sort == "margin" and driver.session.preferences.sort == "margin"
        await driver.press("L")
        assert HEADER in driver.lines[3]


async def test_one_pruned_model_and_a_control_begin_with_their_table(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        assert "falls at" not in driver.lines[3]
        await driver.press("L")
        assert "42% │ again falls at▲" in driver.lines[3]


async def test_it_is_sorted_by_where_samples_fall_and_then_by_margin(settings_file: Path) -> None:
    async with opened(FIVE, settings_file) as driver:
        rows = driver.session.rows
        assert rows is not None
        falls, margins = rows.table.model_sets.falls_at[rows.order], rows.table.margins[rows.order]
        for percent in (90.0, 95.0, 99.0):
            assert (np.diff(margins[falls == percent]) >= 0).all()
        known = falls[~np.isnan(falls)]
        assert (np.diff(known) >= 0).all() and np.isnan(falls[len(known) :]).all() and 0 < len(known) < len(falls)
        await driver.press("s")
        assert (np.diff(margins_shown(driver)) >= 0).all()
        assert driver.session.preferences.sort == "margin"
        await driver.press("c")
        await driver.shows("The ladder's columns", "falls at: % pruned away of the first model that loses the sample")


def margins_shown(driver: Driver) -> Floats:
    assert driver.session.rows is not None
    return driver.session.rows.table.margins[driver.session.rows.order]


async def test_moving_to_another_model_keeps_the_sample_though_it_is_filtered_out(settings_file: Path) -> None:
    analysis = analyse(read_run(FIVE))
    position = first_lost(analysis, "pruned-90", "pruned-99")  # so that the next model holds it
    sample = int(analysis.run.indices[position])
    async with opened(FIVE, settings_file) as driver:
        await driver.press("1")
        driver.session.select(driver.order.index(position))
        await driver.press("]")
        rows = driver.session.rows
        assert rows is not None and driver.selected == position
        assert rows.kept == driver.selected and driver.selected not in driver.order
        counted = rows.set_counts["S10"]
        assert len(driver.order) == counted and f"{counted} + 1 filtered out of 1000" in driver.lines[2]
        assert row_of(driver, sample)
        await driver.press("enter")
        await driver.shows(f"#{sample}", "filtered out")
        await driver.press("escape", "]")
        assert driver.session.rows is not None and driver.session.rows.kept is None, "99 % loses it again"
        assert "filtered out" not in driver.text and driver.selected == position


async def test_the_filter_names_models(settings_file: Path) -> None:
    async with opened(FIVE, settings_file) as driver:
        analysis = analyse(read_run(FIVE))
        wanted = next(one for one in excesses(analysis) if one.model == "pruned-90").lost_by_pruning
        await driver.press("/", *"set@pruned-90=S10 set@control=S11", "enter")
        assert sorted(driver.order) == np.flatnonzero(wanted).tolist() and len(driver.order) > 20
        await driver.press("]")
        assert len(set(driver.order) ^ set(np.flatnonzero(wanted).tolist())) == 0, "whichever model is looked at"
        await driver.press("/", *["backspace"] * 40, *"falls_at=95", "enter")
        ladder = ladder_of(analysis)
        assert ladder is not None and len(driver.order) == ladder.rungs[1].fallen


async def test_the_ready_filter_is_what_pruning_loses_beyond_retraining(settings_file: Path) -> None:
    async with opened(FIVE, settings_file) as driver:
        found = {one.model: one.lost_by_pruning for one in excesses(analyse(read_run(FIVE)))}
        await driver.press("f")
        assert sorted(driver.order) == np.flatnonzero(found["pruned-90"]).tolist()
        assert "/set=S10 set@control=S11" in driver.lines[2]
        await driver.press("]")
        rows = driver.session.rows
        assert rows is not None
        assert sorted(driver.order) == np.flatnonzero(found[rows.table.other.record.name]).tolist()
        await driver.press("f")
        assert driver.session.view.query == "" and driver.session.view.sets == HELD_SETS
        await driver.press("]", "]", "f")
        assert driver.said == ["dense is compared with the control: ] goes to a pruned model"]


async def test_flips_are_counted_as_one_goes_from_one_to_the_next(settings_file: Path) -> None:
    async with opened(FIVE, settings_file) as driver:
        await driver.press("s", "g")
        rows = driver.session.rows
        assert rows is not None
        flips = [line for line, position in enumerate(driver.order) if rows.table.sets[position] == SETS.index("S10")]
        count = len(flips)
        assert count == analyse(read_run(FIVE)).comparisons[0].sets.s10.sum() > 20
        driver.session.select(flips[0])
        for number in (2, 3):
            await driver.press("n")
            assert driver.cursor == flips[number - 1]
            await driver.shows(f"flip {number} of {count}")
        await driver.press("N")
        assert driver.cursor == flips[1]
        driver.session.select(flips[0] + 1)
        assert flip_words(rows, driver.cursor) == (f"flip 2 of {count}" if flips[1] == flips[0] + 1 else "")
        driver.session.select(flips[-1])
        await driver.press("n")
        assert driver.said == [f"there is no flip further down: {count} are shown"] and driver.cursor == flips[-1]
        await driver.press("3", "n")
        assert driver.said[-1] == "none of the samples shown is lost or gained"


async def test_a_click_on_a_models_title_sorts_by_its_sets(settings_file: Path) -> None:
    async with opened(FIVE, settings_file) as driver:
        await driver.pilot.click(offset=(driver.lines[3].index("99%"), 3))
        assert driver.session.view.sort == "set@pruned-99"
        assert "99%▲" in driver.lines[3] and driver.session.preferences.sort == "margin"
