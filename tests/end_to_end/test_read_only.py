"""Every command reads a finished run that is read-only."""

import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine_runs import request, run_it
from tests.fake_runs import write_run
from tests.linear_models import Files
from tests.tui.driver import driven
from tests.unprivileged import UNPRIVILEGED
from thinice_tui.tui.app import ThiniceApp

pytestmark = pytest.mark.skipif(UNPRIVILEGED is None, reason="no program to give up root's rights with")
QUICK = ["--attack", "quick", "--eps", "4/255", "--batch-size", "8", "--keep-images", "all"]


def closed(run: Path, journal: str = "delete") -> None:
    """Leave the run file in that journal mode, and make it and its folder read-only."""
    connection = sqlite3.connect(run)
    connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.close()
    assert [file.name for file in run.parent.iterdir()] == [run.name]
    run.chmod(0o444)
    run.parent.chmod(0o555)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Path]:
    """The run file, in a folder that is made writable again after the test."""
    path = tmp_path / "kept" / "a.thinice"
    yield path
    path.parent.chmod(0o755)


def thinice(*arguments: object) -> "subprocess.CompletedProcess[str]":
    assert UNPRIVILEGED is not None
    words = [*UNPRIVILEGED, sys.executable, "-m", "thinice_tui", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_the_same_command_reports_it_and_another_is_refused(files: Files, run: Path) -> None:
    run_it(request(files, run))
    closed(run)
    command = [*files.arguments, *QUICK, "--control", files.control, "--run", run]
    again = thinice(*command)
    assert again.returncode == 0, again.stderr
    assert "this run is finished already" in again.stderr and again.stdout == thinice("report", run).stdout
    other = thinice(*command, "--seed", 1)
    assert other.returncode == 1 and "holds another run: seed was 0, now 1" in " ".join(other.stderr.split())
    assert [file.name for file in run.parent.iterdir()] == ["a.thinice"]


def test_a_run_left_in_wal_mode_is_read(run: Path) -> None:
    run.parent.mkdir()
    write_run(run, {"dense": "dense", "p": "pruned"})
    closed(run, "wal")
    later = thinice("report", run)
    assert later.returncode == 0 and "Samples on thin ice" in later.stdout, later.stderr


async def test_the_interface_shows_it(files: Files, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.tui.driver.DEADLINE", 60.0)  # a process that imports torch, on a busy machine
    wanted = request(files, run)
    run_it(wanted)
    closed(run)
    assert UNPRIVILEGED is not None
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.join([*UNPRIVILEGED, sys.executable])} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    app = ThiniceApp(request=wanted, settings_file=tmp_path / "settings.json")
    async with driven(app, (110, 32), ready=False) as driver:
        await driver.shows("finished")
        await driver.until(lambda: not app.session.engine.is_alive, "the engine's end")
        assert app.return_code is None and all("clean accuracy is" in words for words in driver.said), (
            "the run's own warning"
        )
