"""Resuming an interrupted run: the engine that its file names, and the attacks' revision that may continue it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tests.engine.cut_runs import interrupt, state, store
from tests.engine_runs import StopAfter, assert_same_outcomes, request, run_it
from tests.linear_models import Files
from thinice_tui.commands.app import app
from thinice_tui.errors import Interrupted, RunBusyError
from thinice_tui.protocol.ensembles import REVISION
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.control import read_control, write_control
from thinice_tui.runfile.liveness import this_engine
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.run_claim import RunClaim
from thinice_tui.runfile.run_table import read_run_table
from thinice_tui.runfile.writer import RunWriter


@pytest.fixture
def wanted(files: Files, tmp_path: Path) -> Request:
    return request(files, tmp_path / "a.thinice")


@pytest.fixture
def path(wanted: Request) -> Path:
    """The file of an interrupted run, whose engine has ended."""
    return interrupt(wanted)


# the engine


def test_an_interrupted_run_names_its_new_engine_as_soon_as_that_holds_it(path: Path) -> None:
    before = read_run(path)
    write_control(path, "stop")
    log = path.with_name("log")
    with RunClaim() as hold:
        hold.acquire(path, log)
        assert hold.is_held and read_control(path) == "run", "what the last engine was asked is forgotten"
        taken = read_run(path)
        assert taken.engine == this_engine(log) and state(taken) == ("starting", "reading models and data")
        assert_same_outcomes(taken, before)
        write_control(path, "pause")
        hold.acquire(path, None)
        hold.report("dense · gradients")
        assert read_run(path).engine == taken.engine and read_control(path) == "pause", "taken once, and no more"
        assert state(read_run(path)) == ("starting", "dense · gradients")
        with pytest.raises(RunBusyError, match="another engine is writing to it"), RunClaim() as other:
            other.acquire(path, None)
        assert read_run(path).engine == taken.engine
    with RunClaim() as other:
        other.acquire(path, None)


@pytest.mark.parametrize("size", ["3", "auto"])
def test_a_run_goes_on_with_another_batch_size(path: Path, wanted: Request, tmp_path: Path, size: str) -> None:
    """And ends with the same outcomes: what is done is neither lost nor computed again."""
    done = sum(stage.forwards for model in read_run(path).models for stage in model.stages)
    assert done > 0
    settings = Settings.build("Linf", "4/255", "quick", batch_size=size, keep_images="all")
    run = run_it(replace(wanted, settings=settings))
    whole = run_it(replace(wanted, run=tmp_path / "whole.thinice"))
    for one, other in zip(run.models, whole.models, strict=True):
        assert np.array_equal(one.broken_by, other.broken_by)
        assert np.allclose(one.worst_margin, other.worst_margin, atol=1e-3)
        assert [stage.attacked for stage in one.stages] == [stage.attacked for stage in other.stages]
    assert run.info.batch_size == (3 if size == "3" else 128)


def test_other_files_are_left_unchanged(wanted: Request, tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    strange = tmp_path / "strange.thinice"
    strange.write_text("text " * 100)
    (empty := tmp_path / "empty.thinice").touch()
    for other in (tmp_path / "absent" / "a.thinice", tmp_path, strange, empty):
        with RunClaim() as hold:
            hold.acquire(other, None)
            assert not hold.is_held
    assert strange.read_text() == "text " * 100 and empty.read_bytes() == b""
    run_it(wanted)
    content = path.read_bytes()
    lock = path.with_name("a.thinice.lock")
    lock.unlink(missing_ok=True)
    with RunClaim() as hold:
        hold.acquire(path, None)
        hold.report("nothing")
        assert not hold.is_held and not lock.exists()
    assert path.read_bytes() == content


def test_a_stop_that_is_asked_as_the_attacks_begin_is_obeyed(wanted: Request, path: Path) -> None:
    class Asking(StopAfter):
        def note(self, message: str) -> None:
            if message.startswith("resuming"):
                write_control(path, "stop")

    before = read_run(path)
    with pytest.raises(Interrupted, match="stopped as asked, after a whole batch"):
        run_it(wanted, Asking())
    counts = [sum(stage.attacked for model in run.models for stage in model.stages) for run in (before, read_run(path))]
    assert 0 < counts[1] - counts[0] <= 8, "one batch"


def test_a_new_run_file_names_its_engine_at_once(
    wanted: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(RunWriter, "begin", die)
    with pytest.raises(KeyboardInterrupt):
        run_it(wanted)
    assert read_run(tmp_path / "a.thinice").engine == this_engine(None)


# the attacks' revision


def compare(files: Files, *options: object) -> Result:
    arguments = [*files.arguments, "--attack", "quick", "--eps", "4/255", "--batch-size", "8", *options]
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def said(result: Result) -> str:
    return " ".join(result.stderr.split())


def cut(files: Files, *options: object) -> Path:
    """A run that its time limit has interrupted."""
    assert compare(files, "--time-limit", "0.001s", *options).exit_code == 130
    (path,) = Path().rglob("*.thinice")
    return path


@pytest.mark.parametrize("began", [None, REVISION + 1], ids=["none", "later"])
def test_an_interrupted_run_of_another_revision_is_not_continued(files: Files, began: int | None) -> None:
    path = cut(files)
    before = read_run(path)
    store(path, attacks_revision=began)
    result = compare(files)
    assert result.exit_code == 1 and result.stdout == ""
    words = f"was begun by another revision of the attacks ({began or 0}, this is {REVISION})"
    assert words in said(result) and "begin anew in another file with --run" in said(result)
    assert f"thinice-tui report {path}" in said(result) and "Traceback" not in result.stderr
    assert_same_outcomes(read_run(path), before)
    report = CliRunner().invoke(app, ["report", str(path)])
    assert report.exit_code == 0 and "PARTIAL" in report.stdout
    assert compare(files, "--run", "b.thinice").exit_code == 0


def test_an_interrupted_run_of_this_revision_is_continued(files: Files) -> None:
    path = cut(files)
    with reading(path) as connection:
        assert read_run_table(connection)["attacks_revision"] == REVISION
    assert compare(files).exit_code == 0 and read_run(path).complete


@pytest.mark.parametrize("began", [None, REVISION + 1], ids=["none", "later"])
def test_a_finished_run_of_another_revision_is_reported(files: Files, began: int | None) -> None:
    first = compare(files)
    assert first.exit_code == 0
    (path,) = Path("runs").glob("*.thinice")
    store(path, attacks_revision=began)
    again = compare(files)
    assert again.exit_code == 0 and "finished already" in said(again) and again.stdout == first.stdout
