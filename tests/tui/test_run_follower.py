"""Following a run file: before it exists, and when it is deleted, replaced or damaged."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.engine_runs import request
from tests.fake_runs import write_run
from tests.linear_models import Files
from tests.tui.driver import MODELS, driven, opened
from tests.tui.tour import tour
from thinice_tui.runfile.reader import RunReader
from thinice_tui.runfile.records import Run
from thinice_tui.tui.actions.engine import EngineActions
from thinice_tui.tui.app import ThiniceApp


async def test_a_run_file_that_is_deleted_leaves_what_was_read(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        content = run_file.read_bytes()
        run_file.unlink()
        await driver.says("there is no such run file")
        assert "What was read before stays in view" in driver.said[0]
        await driver.press("j", "1", "0", "s", "]")
        assert len(driver.order) == 200
        await driver.press("enter")
        await driver.shows("there is no such run file")
        await driver.press("escape", "P")
        await driver.shows("Dense margins by set")
        await driver.press("escape", "v")
        await driver.shows("Samples on thin ice")
        await driver.press("escape")
        assert sum("there is no such run file" in one for one in driver.said) == 1, "it is said once"
        run_file.write_bytes(content)
        await driver.press("enter")
        await driver.shows("logits")


async def test_another_run_in_its_place_is_not_mixed_with_it(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        write_run(run_file.with_name("other.thinice"), {"dense": "dense", "other": "pruned"}, n=20, seed=5)
        shutil.move(run_file.with_name("other.thinice"), run_file)
        await driver.says("another run has taken its place")
        assert len(driver.session.run.labels if driver.session.run else []) == 200


async def test_a_file_that_is_damaged_while_it_is_looked_at(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        run_file.write_bytes(b"nothing of the kind" * 1000)
        await driver.says("What was read before stays in view")
        await tour(driver)


async def test_a_run_file_that_is_being_made_is_waited_for(
    files: Files, tmp_path: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is followed as soon as it is announced; writing a large data set into it takes a while."""
    path = tmp_path / "a.thinice"
    looks: list[Path] = []
    read = RunReader.read

    def counted(self: RunReader) -> Run:
        looks.append(path)
        return read(self)

    monkeypatch.setattr(RunReader, "read", counted)
    monkeypatch.setattr(EngineActions, "start", lambda self, _: self._session.follow(path))
    app = ThiniceApp(request=request(files, path), settings_file=settings_file)
    async with driven(app, ready=False) as driver:

        async def looked() -> None:
            looks.clear()
            await driver.until(lambda: len(looks) > 3, "some looks at the file")

        await looked()
        path.touch()  # SQLite creates it empty,
        await looked()
        making = sqlite3.connect(path, isolation_level=None)
        making.execute("PRAGMA journal_mode = WAL")  # writes a head of its own,
        await looked()
        making.execute("BEGIN IMMEDIATE")  # and then all is one transaction.
        making.execute("CREATE TABLE run (key TEXT)")
        await looked()
        assert driver.said == [] and "starting the engine" in driver.text
        making.rollback()
        making.close()
        write_run(path, MODELS)
        await driver.shows("200")
        assert driver.said == []
