"""A run that holds distances: the security curve, and sorting and filtering by them."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from tests.tui.driver import WIDE, opened
from thinice_tui.analysis.distances import distances, missed
from thinice_tui.analysis.live_sets import ALL_SETS
from thinice_tui.analysis.rows import View
from thinice_tui.runfile.reader import read_run
from thinice_tui.tui.screens.plot import PlotScreen


@pytest.fixture
def measured(run_file: Path) -> Path:
    """The finished run with distances, exponentially distributed, of all that was attacked."""
    random = np.random.default_rng(1)
    with sqlite3.connect(run_file) as connection:
        rows = connection.execute("SELECT model, position FROM outcome").fetchall()
        connection.executemany(
            "UPDATE outcome SET boundary = ? WHERE model = ? AND position = ?",
            [(float(random.exponential(6 / 255)), *row) for row in rows],
        )
    connection.close()
    return run_file


async def test_the_curve_is_drawn_of_what_is_shown(measured: Path, settings_file: Path) -> None:
    async with opened(measured, settings_file) as driver:
        await driver.press("P")
        for _ in range(4):
            await driver.press("p")
        assert isinstance(driver.app.screen, PlotScreen)
        await driver.shows("over eps, upper bounds, n=200", "eps (Linf) in 1/255", "dense n=200", "half n=200")
        await driver.press("escape", "0", "/", *"label='class 0'", "enter", "P")
        await driver.shows("n=40")


async def test_what_the_ensemble_missed_is_said_below_the_curve_and_with_the_sample(
    measured: Path, settings_file: Path
) -> None:
    run = read_run(measured)
    counts = [int(missed(run, model).sum()) for model in run.models]
    position = int(np.flatnonzero(missed(run, run.models[0]))[0])
    assert min(counts) > 0
    async with opened(measured, settings_file, WIDE) as driver:
        await driver.press("P")
        for _ in range(4):
            await driver.press("p")
        await driver.shows(f"by the distance search: dense {counts[0]}, half {counts[1]}")
        await driver.press("escape", "0", "/", *f"sample={run.indices[position]}", "enter", "enter")
        await driver.shows("the distance search has an image within eps")


async def test_sorted_by_distance(measured: Path, settings_file: Path) -> None:
    run = read_run(measured)
    expected = distances(run, run.models[0])
    async with opened(measured, settings_file, WIDE) as driver:
        await driver.press("0", "m", "m")
        assert driver.session.view.margin == "distance"
        await driver.shows("dense distance to the boundary")
        found = expected[driver.order]
        assert (np.diff(found) >= 0).all() and found[0] == 0 and len(found) == 200
        await driver.press("/", *"distance<0.01 pruned_distance>0.02", "enter")
        assert driver.order and (expected[driver.order] < 0.01).all()
        assert (distances(run, run.models[1])[driver.order] > 0.02).all()
        await driver.press("m")
        assert driver.session.view == View(sets=ALL_SETS, query="distance<0.01 pruned_distance>0.02")


async def test_a_kind_that_this_run_does_not_hold_is_not_shown(run_file: Path, settings_file: Path) -> None:
    """Remembered from another run, or asked for."""
    settings_file.parent.mkdir(parents=True)
    settings_file.write_text('{"margin": "distance"}')
    async with opened(run_file, settings_file) as driver:
        assert driver.session.view.margin == "clean"
        await driver.press("m", "m")
        assert driver.session.view.margin == "clean"
