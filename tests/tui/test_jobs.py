"""Jobs: keys do not wait for them, their progress is seen, and they can be cancelled without a trace."""

import threading
from pathlib import Path

import pytest
from textual.widgets import OptionList

from tests.fake_runs import write_run
from tests.tui.driver import MODELS, Driver, opened
from thinice_tui.tui.jobs import Cancelled, Job
from thinice_tui.tui.screens.dialogs import ChoiceDialog


class Slow:
    """Holds back an export after each of its pieces."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_go_on = threading.Semaphore(0)
        for module in ("sample_columns", "sample_export"):
            monkeypatch.setattr(f"thinice_tui.report.{module}.PIECE", 10)
        monkeypatch.setattr("thinice_tui.tui.actions.export.PIECE", 10)
        monkeypatch.setattr("thinice_tui.tui.jobs.QUIET", 0.0)
        monkeypatch.setattr("thinice_tui.tui.jobs.PERIOD", 0.0)
        step = Job.step

        def held(job: Job, count: int = 1) -> None:
            step(job, count)
            self.may_go_on.acquire()

        monkeypatch.setattr(Job, "step", held)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    return Slow(monkeypatch)


async def begin_csv(driver: Driver) -> None:
    await driver.press("0", "g", "x", "enter", "enter")
    await driver.shows("saving 200 samples: 10 of 200", "x cancels")


async def test_keys_work_while_an_export_goes_on_and_its_progress_is_shown(
    run_file: Path, settings_file: Path, slow: Slow
) -> None:
    async with opened(run_file, settings_file) as driver:
        await begin_csv(driver)
        await driver.press("j", "j")
        assert driver.cursor == 2
        slow.may_go_on.release()
        await driver.shows("saving 200 samples: 20 of 200")
        await driver.press("Y")
        assert driver.said == ["saving 200 samples is going on: x cancels it"]
        slow.may_go_on.release(1000)
        await driver.says("saved")
        await driver.shows("✓ finished")
        assert len(Path("made-half-all-samples.csv").read_text().splitlines()) == 201


async def test_a_cancelled_export_leaves_no_file(run_file: Path, settings_file: Path, slow: Slow) -> None:
    async with opened(run_file, settings_file) as driver:
        before = set(Path().iterdir())
        await begin_csv(driver)
        await driver.press("x")
        assert isinstance(driver.app.screen, ChoiceDialog) and driver.app.screen.query_one(OptionList).option_count == 2
        await driver.press("down", "enter")
        slow.may_go_on.release(1000)
        await driver.says("cancelled: saving 200 samples")
        assert set(Path().iterdir()) == before
        await driver.press("x")
        assert driver.app.screen.query_one(OptionList).option_count == 7, "the next one can begin"


async def test_leaving_asks_and_cancels(run_file: Path, settings_file: Path, slow: Slow) -> None:
    before = set(Path().iterdir())
    async with opened(run_file, settings_file) as driver:
        await begin_csv(driver)
        await driver.press("q")
        await driver.shows("This is cancelled: saving 200 samples: 10 of 200")
        slow.may_go_on.release(1000)
        await driver.press("escape")
        await driver.says("saved")
        await driver.press("x", "enter", "enter")
        await driver.until(lambda: driver.app._jobs.current is not None or len(driver.said) == 2)
    assert {path.suffix for path in set(Path().iterdir()) - before} == {".csv"}


def test_a_job_that_is_cancelled_ends_at_its_next_step() -> None:
    told: list[str] = []
    job = Job("saving 3 samples", 3, told.append)
    job.step()
    assert list(job.counted([1])) == [1] and told == []
    job.cancel()
    with pytest.raises(Cancelled):
        job.step()


async def test_a_large_copy_goes_to_a_file_while_keys_work(tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "large.thinice", MODELS, n=20_000, through=1, shape=(1, 1, 1))
    async with opened(tmp_path / "large.thinice", settings_file) as driver:
        await driver.press("0", "g", "Y", "j")
        assert driver.cursor == 1
        await driver.says("saved to")
        assert len(Path("thinice-copied.txt").read_text().split()) == 20_000
