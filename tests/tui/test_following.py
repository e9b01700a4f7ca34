"""Following a run file from before there is one."""

import sqlite3
from pathlib import Path

import pytest

from tests.engine.test_run import request
from tests.fake_runs import write_run
from tests.linear_models import Files
from tests.tui.driver import MODELS, Driver, listen
from thinice_tui.runfile.reader import RunReader
from thinice_tui.runfile.records import Run
from thinice_tui.tui.actions.engine import EngineActions
from thinice_tui.tui.app import ThiniceApp


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
    said = listen(app)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        driver = Driver(app, pilot, said)

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
        assert said == [] and "reading models and data" in driver.text
        making.rollback()
        making.close()
        write_run(path, MODELS)
        await driver.shows("200")
        assert said == []
