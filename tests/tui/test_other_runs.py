"""The interface on several runs: the column over seeds, the header, the page, a sample's fate, and runs that go on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import written
from tests.several_runs import made_seed, seed_file
from tests.tui.actions.action_cases import Cases, each, of_actions
from tests.tui.driver import NARROW, Driver, driven, opened
from thinice_tui.analysis.several.several_runs import analyse_several
from thinice_tui.analysis.several.stability import Stability
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Floats, Role
from thinice_tui.tui.app import ThiniceApp

LADDER: dict[str, Role] = {"dense": "dense", "half": "pruned", "tenth": "pruned", "again": "control"}


@pytest.fixture
def seeds(tmp_path: Path) -> list[Path]:
    """Three training seeds; the first has a pruned model more."""
    return [seed_file(tmp_path / f"seed-{seed}.thinice", seed, None if seed else LADDER) for seed in range(3)]


@asynccontextmanager
async def opened_together(
    paths: list[Path], settings_file: Path, size: tuple[int, int] = NARROW
) -> AsyncIterator[Driver]:
    runs = [read_run(path) for path in paths]
    async with driven(ThiniceApp(path=paths[0], runs=runs, settings_file=settings_file), size) as driver:
        yield driver


def stable(paths: list[Path], place: int = 1) -> Stability:
    found = analyse_several([read_run(path) for path in paths]).models[place].stability
    assert found is not None
    return found


async def test_the_ladder_and_the_table_say_how_many_seeds_lose_each_sample(
    seeds: list[Path], settings_file: Path
) -> None:
    times = stable(seeds).times_lost
    async with opened_together(seeds, settings_file) as driver:
        for _ in range(2):
            assert "lost in" in driver.lines[3]
            for line in driver.lines[4:14]:
                sample = int(line[1:].split()[0])  # every third index of the data is in the run
                assert f" {times[sample // 3]} of 3" in line
            await driver.press("L")
        await driver.press("/", *"lost_in>=2", "enter", "0")
        assert sorted(driver.order) == np.flatnonzero(times >= 2).tolist() and driver.order
        await driver.press("]")
        assert driver.session.run is not None and driver.session.run.models[2].record.name == "tenth"
        assert not driver.order, "tenth is in one run alone"
        await driver.press("]")
        assert sorted(driver.order) == np.flatnonzero(stable(seeds, 2).times_lost >= 2).tolist()


async def test_they_are_sorted_by_it(seeds: list[Path], settings_file: Path) -> None:
    times = stable(seeds).times_lost
    async with opened_together(seeds, settings_file) as driver:
        driver.session.sort_by("lost_in")
        await driver.press("r")
        assert (np.diff(times[driver.order].astype(int)) <= 0).all() and times[driver.order[0]] == times.max()
        assert "lost in▼" in driver.lines[3]


async def test_the_header_says_how_many_runs_and_what_the_statistics_are_over(
    seeds: list[Path], settings_file: Path
) -> None:
    repeat = seed_file(seeds[0].with_name("repeat.thinice"), 0, LADDER, seed=9)
    async with opened_together([*seeds, repeat], settings_file) as driver:
        assert "seed-0 of 4 runs, 3 training" in driver.lines[0]
        assert "statistics over 3 training seeds" in driver.lines[1]
        await driver.press("q")
    assert driver.app.exit_message.count(".thinice") == 4 and str(repeat) in driver.app.exit_message


async def test_the_summary_begins_with_the_page_of_several_runs(seeds: list[Path], settings_file: Path) -> None:
    async with opened_together(seeds, settings_file, (100, 60)) as driver:
        await driver.press("v")
        await driver.shows("3 training seeds", "Models: mean over 3 training seeds", "Which losses are stable")
        counts = stable(seeds).counts
        assert " ".join(["half", *map(str, counts)]) in " ".join(driver.text.split())
        await driver.press("v")
        await driver.shows("Models (95 % intervals)")
        await driver.press("v", "v", "v")
        await driver.shows("Models: mean over 3 training seeds")


async def test_a_sample_is_inspected_in_every_run(seeds: list[Path], settings_file: Path) -> None:
    times = stable(seeds).times_lost
    async with opened_together(seeds, settings_file) as driver:
        await driver.press("enter")
        await driver.shows(f"lost in {times[driver.selected]} of 3 training seeds", "seed-0", "seed-1", "seed-2")


async def test_attack_seeds_are_noise_and_no_training_seeds(seeds: list[Path], settings_file: Path) -> None:
    repeat = seed_file(seeds[0].with_name("repeat.thinice"), 0, LADDER, seed=9)
    async with opened_together([seeds[0], repeat], settings_file, (100, 60)) as driver:
        assert "seed-0 of 2 runs of the same models" in driver.lines[0] and "lost in" not in driver.text
        await driver.press("v")
        await driver.shows("Noise of the attacks", "repeat.thinice")
        await driver.press("v")
        await driver.shows("Noise of the attacks")
        await driver.press("escape", "enter")
        await driver.shows("half in each run", "seed-0 (first run)", "repeat (attack seed 9)")


async def test_a_run_that_goes_on_is_read_again_as_it_grows(seeds: list[Path], settings_file: Path) -> None:
    made = made_seed(seeds[0].with_name("going.thinice"), 7)
    with made.open() as writer:
        made.begin(writer)
        for number in range(3):
            made.clean(writer, number)
        async with opened_together([*seeds[:2], made.path], settings_file, (100, 60)) as driver:
            before = stable(seeds[:2]).times_lost
            assert "over 3 training seeds so far: 1 run not finished" in driver.lines[1]
            assert np.array_equal(driver_times(driver), before)
            await driver.press("v")
            await driver.shows("Not finished, and so not in these numbers", "mean over 2 training seeds")
            for number in range(3):
                for ordinal in range(3):
                    made.attack(writer, number, ordinal)
            writer.finish(None)
            await driver.shows("mean over 3 training seeds")
            assert "Not finished" not in driver.text and "statistics over 3 training seeds" in driver.lines[1]
            after = stable([*seeds[:2], made.path]).times_lost
            assert np.array_equal(driver_times(driver), after) and (before != after).any()


async def test_the_browsed_run_may_go_on(seeds: list[Path], settings_file: Path) -> None:
    made = made_seed(seeds[0].with_name("going.thinice"), 7, LADDER)
    with made.open() as writer:
        made.begin(writer)
        for number in range(4):
            made.clean(writer, number)
        async with opened_together([made.path, *seeds[1:]], settings_file) as driver:
            await driver.press("/", *"lost_in>=0", "enter", "0")
            for number in range(4):
                for ordinal in range(3):
                    made.attack(writer, number, ordinal)
                    await asyncio.sleep(0.03)
            writer.finish(None)
            await driver.shows("statistics over 3 training seeds")
            after = stable([made.path, *seeds[1:]]).times_lost
            await driver.until(lambda: np.array_equal(driver_times(driver), after))
            assert len(driver.order) == 200


@of_actions("next_run")
async def test_the_next_run_is_browsed_on_a_key(cases: Cases, seeds: list[Path], settings_file: Path) -> None:
    runs = [read_run(path) for path in seeds]
    async with opened_together(seeds, settings_file) as driver:
        times, before = driver_times(driver), 0
        async for do in each(driver, cases):
            selected = driver.selected
            await driver.press(do.key)
            before = (before + 1) % 3
            run = driver.session.run
            assert run is not None and run.path.endswith(f"seed-{before}.thinice") and driver.selected == selected
            assert f"seed-{before} of 3 runs" in driver.lines[0]
            assert run.models[driver.session.view.other].record.name == "half"
            assert np.array_equal(driver_times(driver), times), "over the same seeds"
            await driver.until(lambda: driver.session.analysis is not None and driver.session.analysis.run is not None)
        for _ in range(3):
            await driver.back()
            await driver.press("]", "}")
            place = driver.session.view.other
            assert driver.session.run is not None and driver.session.run.models[place].record.name in ("half", "again")
        assert driver.session.path is not None and len(runs) == 3


async def test_every_run_can_be_browsed_whatever_it_is(seeds: list[Path], settings_file: Path) -> None:
    """Repeats, other ensembles, runs that go on; what is first stays first."""
    folder = seeds[0].parent
    more = [
        seed_file(folder / "repeat.thinice", 0, LADDER, seed=9),
        seed_file(folder / "quick.thinice", 0, LADDER, attack="quick"),
        seed_file(folder / "going.thinice", 7, through=1),
    ]
    async with opened_together([*seeds, *more], settings_file, (100, 60)) as driver:
        times = driver_times(driver)
        for path in [*seeds[1:], *more, seeds[0]]:
            selected = driver.selected
            await driver.press("}")
            assert driver.selected == selected, "though it is filtered out"
            assert driver.session.path == path and f"{path.stem} of 6 runs, 4 training seeds" in driver.lines[0]
            await driver.until(lambda: driver.session.analysis is not None, "statistics of this run")
            analysis = driver.session.analysis
            assert analysis is not None and analysis.run.path == str(path)
            is_repeated = path.stem in ("repeat", "seed-0")
            assert len(analysis.repeats) == is_repeated
            assert np.array_equal(driver_times(driver), times)
            await driver.press("v")
            await driver.shows("mean over 3 training seeds")
            await driver.press("escape")


async def test_one_run_has_no_next(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("}")
        assert "one run is open" in driver.said[-1]


def driver_times(driver: Driver) -> Floats:
    assert driver.session.rows is not None
    return driver.session.rows.table.times_lost()


async def test_another_run_that_is_deleted_leaves_what_was_read(seeds: list[Path], settings_file: Path) -> None:
    going = seed_file(seeds[0].with_name("going.thinice"), 7, through=1)
    async with opened_together([*seeds, going], settings_file) as driver:
        going.unlink()
        await driver.says("there is no such run file")
        assert str(going) in driver.said[-1] and "lost in" in driver.lines[3]


async def test_repeats_of_a_run_that_goes_on_wait_for_it(seeds: list[Path], settings_file: Path) -> None:
    """The finished ones alone differ in seed and attack, or are of two ensembles: together they could not be read."""
    going = seed_file(seeds[0].with_name("going.thinice"), 7, through=1)
    weak = seed_file(seeds[0].with_name("weak.thinice"), 7, attack="quick")
    again = seed_file(seeds[0].with_name("again.thinice"), 7, seed=9)
    async with opened_together([going, weak, again], settings_file, (100, 60)) as driver:
        await driver.press("v")
        await driver.shows("the comparison comes when a run ends")
    async with opened_together([going, weak, again, *seeds[:2]], settings_file, (100, 60)) as driver:
        await driver.press("v")
        await driver.shows("mean over 2 training seeds", f"Not finished, and so not in these numbers: {going}")


async def test_runs_that_match_the_browsed_one_alone_wait_for_it(tmp_path: Path, settings_file: Path) -> None:
    """Sparsities of 49.6 and 50.4 % are near to 50 %, not to one another."""
    paths = []
    for seed, sparsity in enumerate((0.5, 0.496, 0.504)):
        made = made_seed(tmp_path / f"{seed}.thinice", seed)
        made.records[1] = replace(made.records[1], sparsity_conv_linear=sparsity)
        paths.append(written(made, through=3 if seed else 1))
    async with opened_together(paths, settings_file) as driver:
        await driver.press("v")
        await driver.shows("its half", "has 50.4 % zeros, half of the other 49.6 % zeros")
