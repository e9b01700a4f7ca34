"""A dense model alone: what people look at before they prune. Margins, accuracies, plots, no sets."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fake_runs import write_run
from tests.tui.driver import NARROW, WIDE, Driver, opened
from thinice_tui.analysis.live_sets import ALL_SETS
from thinice_tui.analysis.rows import View, select_rows
from thinice_tui.analysis.table import columns_shown
from thinice_tui.report.sample_export import Selection, samples_json, selected_csv
from thinice_tui.runfile.reader import read_run
from thinice_tui.tui.action_registry import ACTIONS


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    write_run(tmp_path / "alone.thinice", {"dense": "dense"})
    return tmp_path / "alone.thinice"


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_one_model_alone_is_browsed_by_its_margin(alone: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(alone, tmp_path / "settings.json", size) as driver:
        await driver.drawn()
        run = read_run(alone)
        held = int((run.models[0].broken_by < 0).sum()) - int((run.models[0].clean_margin < 0).sum())
        await driver.shows("dense, ", "dense broken by", f"●held {held}", "○broken")
        assert "S10" not in driver.text and "→" not in driver.lines[0] and "[0/0]" not in driver.text
        margins = run.models[0].clean_margin[driver.order]
        assert len(margins) == held and (margins[1:] >= margins[:-1]).all()
        if size == WIDE:
            await driver.shows("no pruned model to compare it with", "● held n=")


async def test_keys_that_need_a_second_model_say_why(alone: Path, tmp_path: Path) -> None:
    async with opened(alone, tmp_path / "settings.json", WIDE) as driver:
        for key, words in (("1", "dense is alone"), ("2", "dense is alone"), ("]", "there is no other model")):
            before = len(driver.said)
            await driver.press(key)
            assert words in driver.said[before]
        await driver.press("4")
        assert {int(read_run(alone).models[0].broken_by[p]) >= 0 for p in driver.order} >= {True}
        await driver.press("0", "s", "s", "r", "m", "c", "escape")


async def test_every_place_and_plot_can_be_looked_at(alone: Path, tmp_path: Path) -> None:
    async with opened(alone, tmp_path / "settings.json", WIDE) as driver:
        await driver.press("4", "G")
        await driver.go("inspect")
        await driver.drawn()
        await driver.shows("broken", "dense adv", "logits")
        await driver.press("escape")
        await driver.go("plots")
        for words in ("% of each set's samples", "dense is alone", "dense is alone", "Accuracy", "Curve"):
            await driver.drawn()
            await driver.shows(words)
            await driver.press("p")
        await driver.press("escape")
        await driver.go("summary")
        await driver.drawn()
        await driver.shows("Samples on thin ice")


async def test_no_key_breaks_it_down(alone: Path, tmp_path: Path) -> None:
    async with opened(alone, tmp_path / "settings.json", NARROW) as driver:
        for action in ACTIONS:
            if action.name not in ("quit", "screenshot"):
                await press_all(driver, action.keys.split(",")[0])


async def press_all(driver: Driver, key: str) -> None:
    names = {"right_square_bracket": "]", "left_square_bracket": "[", "question_mark": "?", "slash": "/"}
    driver.doing = key
    await driver.press(names.get(key, key))
    assert driver.app._exception is None
    await driver.press("escape")


def test_exports_hold_what_there_is(alone: Path) -> None:
    run = read_run(alone)
    rows = select_rows(run, View(sets=ALL_SETS, sort="pruned_margin"))
    assert rows.view.sort == "margin", "a column remembered from a comparison"
    header, *lines = csv.reader("".join(selected_csv(Selection.shown(rows))).splitlines())
    assert len(lines) == len(run.labels) and {"margin@dense", "broken_by@dense"} <= set(header)
    assert not any(name.startswith(("set@", "clean_set@")) for name in header)
    assert '"pruned": null' in "".join(samples_json(Selection.shown(rows)))


def test_columns_of_a_comparison_become_the_dense_models_own(alone: Path) -> None:
    run = read_run(alone)
    assert columns_shown(run, ("sample", "pruned", "set", "broken_by")) == ("sample", "dense", "dense_broken_by")
    assert columns_shown(run, ("set",)) == ("margin",)
    both = replace(run, models=run.models * 2)
    assert columns_shown(both, ("sample", "set")) == ("sample", "set")
