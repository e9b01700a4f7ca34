"""Runs with few samples, many classes, no flips, or next to nothing computed."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.fake_runs import make_run, write_run
from tests.tui.driver import MODELS, WIDE, opened
from tests.tui.tour import assert_harmless, tour
from thinice_tui.commands.app import app as commands
from thinice_tui.runfile.schema import VERSION
from thinice_tui.tui.action_registry import ACTIONS
from thinice_tui.tui.widgets.slow_view import SlowView


async def test_a_class_that_never_occurs(tmp_path: Path, settings_file: Path) -> None:
    labels = np.arange(60, dtype=np.int64) % 4
    write_run(tmp_path / "a.thinice", MODELS, n=60, labels=labels, class_names=["a", "b", "c", "d", "never"])
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        await tour(driver)
        await driver.press("/", *"label=never", "enter")
        assert driver.order == []
        await driver.shows("no sample passes")


async def test_a_thousand_classes(tmp_path: Path, settings_file: Path) -> None:
    names = [f"species {i}, also called {i:x}" for i in range(1000)]
    write_run(tmp_path / "a.thinice", MODELS, n=300, classes=1000, class_names=names)
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        await driver.press("0", "s", "s")
        await tour(driver)
        await driver.press("/", *'label="species 17, also called 11"', "enter")
        assert driver.order == [17]


async def test_names_for_some_of_the_classes_only(tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, class_names=["cat", "dog"])
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        await driver.press("/", *"label=4", "enter")
        assert len(driver.order) > 0, "numbers, for all of them"


async def test_no_flips_at_all(tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "same": "pruned"}, flip=False)
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        await tour(driver)
        await driver.press("1")
        assert driver.order == []
        await driver.shows("no sample passes: ", "sets S10")
        await driver.press("v")
        await driver.drawn()
        assert "too few flips to tell" in driver.app.screen.query_one(SlowView).text


@pytest.mark.parametrize("n", [0, 1, 2])
async def test_next_to_no_samples(n: int, tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, n=n)
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        if n == 0:
            await driver.shows("this run has no samples")
        await driver.press("0")
        await tour(driver)


@pytest.mark.parametrize("through", [0, 1])
async def test_a_run_that_has_just_begun(through: int, tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, n=60, through=through)
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        await tour(driver)


async def test_a_run_of_which_nothing_is_known(tmp_path: Path, settings_file: Path) -> None:
    made = make_run(tmp_path / "a.thinice", MODELS)
    with made.open():
        pass  # no stage is planned yet
    async with opened(made.path, settings_file) as driver:
        await tour(driver)
        with made.open() as writer:
            made.begin(writer)
        await tour(driver)


@pytest.mark.usefixtures("computing")
async def test_a_state_of_the_engine_that_is_not_known(tmp_path: Path, settings_file: Path) -> None:
    path = tmp_path / "a.thinice"
    write_run(path, MODELS, through=1)
    change(path, "UPDATE heartbeat SET state = 'napping'")
    async with opened(path, settings_file) as driver:
        await driver.shows("napping")
        assert_harmless(driver)


async def test_every_key_where_no_sample_is_shown(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        for action in ACTIONS:
            if action.name == "quit":
                continue
            for place in action.places[:1]:
                driver.session.change_view(query="margin>1000")
                if place != "inspect":  # there is nothing to inspect
                    await driver.go(place)
                assert driver.order == []
                await driver.press(action.keys.split(",")[0])
                await driver.drawn()
                assert_harmless(driver)
                await driver.back()


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize("version", [VERSION + 1, 99])
def test_a_run_file_of_a_newer_version_is_refused(version: int, run_file: Path) -> None:
    change(run_file, f"PRAGMA user_version = {version}")
    result = CliRunner().invoke(commands, ["open", str(run_file)])
    said = " ".join(result.stderr.split())
    assert result.exit_code == 1 and result.stdout == ""
    assert "written by a newer thinice-tui" in said and "upgrade thinice-tui" in said and "Traceback" not in said


@pytest.mark.parametrize("clean", [0, 1, 3])
async def test_a_run_without_stages_is_browsed(tmp_path: Path, clean: int) -> None:
    """Nothing is computed, or the clean predictions of some models: no stage is planned before all have them."""
    made = make_run(tmp_path / "a.thinice", MODELS, n=30)
    with made.open() as writer:
        for number in range(clean):
            made.clean(writer, number)
    async with opened(tmp_path / "a.thinice", tmp_path / "settings.json", WIDE) as driver:
        await driver.shows("nothing is computed yet" if clean == 0 else "PARTIAL: clean only")
        await tour(driver)
