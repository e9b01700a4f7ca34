"""An engine's claim: who computes is named at once, and a file that holds another run is left as it was."""

from pathlib import Path

import pytest

from tests.runfile.small_runs import database, open_writer, plan_stages, store
from thinice_tui.errors import RunBusyError, RunFileError
from thinice_tui.runfile.control import read_control, write_control
from thinice_tui.runfile.liveness import this_engine
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.run_claim import RunClaim

LAST = {"pid": 7, "born": 0.5, "host": "elsewhere", "log": "/its/log"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An unfinished run whose last engine ran on another machine and asked to be stopped."""
    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        plan_stages(writer)
        writer.begin({"engine": LAST})
    write_control(path, "stop")
    return path


def test_a_claimed_run_names_its_new_engine_and_what_it_does(path: Path, tmp_path: Path) -> None:
    with RunClaim() as claim:
        claim.acquire(path, tmp_path / "log")
        assert claim.is_held and read_control(path) == "run", "the last engine's control word is cleared"
        run = read_run(path)
        assert run.engine == this_engine(tmp_path / "log")
        assert run.heartbeat is not None and run.heartbeat.state == "starting"
        claim.report("dense · gradients")
        told = read_run(path).heartbeat
        assert told is not None and told.doing == "dense · gradients"
        with pytest.raises(RunBusyError, match="another engine is writing to it"), RunClaim() as other:
            other.acquire(path, None)
    with RunClaim() as claim:
        claim.acquire(path, None)
        assert claim.is_held, "the first claim is released"


def test_a_claim_is_acquired_once(path: Path, tmp_path: Path) -> None:
    with RunClaim() as claim:
        claim.acquire(path, tmp_path / "log")
        write_control(path, "pause")
        claim.acquire(path, None)
        assert read_run(path).engine == this_engine(tmp_path / "log") and read_control(path) == "pause"


def test_the_writer_takes_the_lock_over(path: Path) -> None:
    with RunClaim() as claim:
        claim.acquire(path, None)
        lock = claim.hand_over_lock()
        assert lock is not None and not claim.is_held and claim.hand_over_lock() is None
        claim.report("nothing")
        with pytest.raises(RunBusyError):
            RunClaim().acquire(path, None)
        lock.release()


def test_a_refused_run_names_its_last_engine_again(path: Path) -> None:
    before = read_run(path)
    with pytest.raises(RunFileError, match="another run"), RunClaim() as claim:
        claim.acquire(path, None)
        raise RunFileError("holds another run")
    after = read_run(path)
    assert (after.engine, after.heartbeat) == (before.engine, before.heartbeat)


def test_an_interruption_leaves_this_engine_as_the_last_one(path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), RunClaim() as claim:
        claim.acquire(path, None)
        raise KeyboardInterrupt
    assert read_run(path).engine == this_engine(None)
    assert not path.with_name("a.thinice.lock").exists()


@pytest.mark.parametrize("kind", ["absent", "folder", "empty", "text", "finished", "damaged"])
def test_other_files_than_an_unfinished_run_are_left_alone(kind: str, path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.thinice"
    match kind:
        case "folder":
            other.mkdir()
        case "empty":
            other.touch()
        case "text":
            other.write_text("text " * 100)
        case "finished":
            other = path
            store(path, finished=1.0)
        case "damaged":
            other = path
            with database(path) as connection:
                connection.execute("UPDATE run SET value = 'x' WHERE key = 'finished'")
    before = other.read_bytes() if other.is_file() else None
    with RunClaim() as claim:
        claim.acquire(other, None)
        assert not claim.is_held
    assert (other.read_bytes() if other.is_file() else None) == before
    assert not other.with_name(f"{other.name}.lock").exists()


def test_a_file_that_another_program_holds_is_an_error_and_its_lock_is_released(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thinice_tui.runfile.run_claim.PATIENCE", 0.05)
    with database(path) as holding:
        holding.execute("BEGIN IMMEDIATE")
        with pytest.raises(RunFileError, match="another program has held it"), RunClaim() as claim:
            claim.acquire(path, None)
        holding.rollback()
    assert not path.with_name("a.thinice.lock").exists()
