"""Stopping the engine, with a clock that only the engine's work moves."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.engine.control.asking import (
    BATCH_PASSES,
    AskAfterDense,
    AskAt,
    batches,
    clean_counts,
    interrupted,
    request_pair,
)
from tests.engine.control.clock import BEGINNING, FORWARD, Clock
from tests.engine_runs import assert_same_outcomes, run_it
from tests.linear_models import Files
from thinice_tui.engine.control.run_control import RunControl
from thinice_tui.errors import Interrupted
from thinice_tui.runfile.control import ControlWord, write_control
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Run


@pytest.mark.parametrize("passes", [1, 30, 90, 200, 401])
def test_a_stopped_engine_ends_after_a_whole_batch_and_the_next_resumes_there(
    files: Files, tmp_path: Path, whole: Run, clock: Clock, passes: int
) -> None:
    wanted = request_pair(files, path := tmp_path / "a.thinice")
    observer = AskAt(path, {passes: "stop"})
    interrupted(wanted, observer)
    kept = batches(path)
    # Asked at a batch's last forward pass, it is heard in the next one's first.
    assert len(observer.done) < len(kept) <= len(observer.done) + 2
    partial = read_run(path)
    assert not partial.complete and partial.heartbeat is not None and partial.heartbeat.state == "stopping"
    for model in partial.models:
        for stage in model.stages:
            assert stage.entered is not None or stage.attacked == 0
            assert not stage.finished or stage.attacked == stage.entered
    found = run_it(wanted)
    assert_same_outcomes(found, whole)
    assert set(kept) <= set(batches(path)) and found.complete
    assert clock.now > BEGINNING


@pytest.mark.parametrize("passes", range(18, 24))
def test_the_last_heartbeat_of_a_stopped_engine_says_so(
    files: Files, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, passes: int
) -> None:
    """Also where the wish comes in the last pass of a batch: a view can tell a stop from an accident."""
    monkeypatch.setattr("thinice_tui.engine.control.run_control.POLL_SECONDS", FORWARD / 2)
    observer = AskAt(path := tmp_path / "a.thinice", {passes: "stop"})
    interrupted(request_pair(files, path), observer)
    beat = read_run(path).heartbeat
    assert beat is not None and beat.state == "stopping" and clock.now > BEGINNING
    assert passes <= len(observer.seen) <= 2 * BATCH_PASSES


def test_the_last_batch_before_a_stop_is_stored_completely(
    files: Files, tmp_path: Path, whole: Run, clock: Clock
) -> None:
    wanted = request_pair(files, path := tmp_path / "a.thinice")
    observer = AskAt(path, {1: "stop"})
    interrupted(wanted, observer)
    assert batches(path) == [(0, 0, 0, 8)] and len(observer.seen) <= BATCH_PASSES and clock.now > BEGINNING
    dense = read_run(path).models[0]
    attacked = np.flatnonzero(np.isfinite(dense.distance))
    assert 0 < len(attacked) <= 8
    known = whole.models[0]
    broken = np.flatnonzero(dense.broken_by >= 0)
    assert len(broken) and np.array_equal(dense.broken_by[broken], known.broken_by[broken])
    assert np.array_equal(dense.worst_margin[broken], known.worst_margin[broken])
    assert np.array_equal(dense.distance[broken], known.distance[broken])


def test_a_stop_in_the_clean_pass_keeps_its_predictions(files: Files, tmp_path: Path, whole: Run, clock: Clock) -> None:
    wanted = request_pair(files, path := tmp_path / "a.thinice")
    observer = AskAfterDense(path, "stop")
    interrupted(wanted, observer)
    dense, pruned = clean_counts(path)
    assert dense == 32 and 0 < pruned < 32 and not observer.seen and clock.now > BEGINNING
    beat = read_run(path).heartbeat
    assert beat is not None and beat.state == "stopping"
    assert_same_outcomes(run_it(wanted), whole)


def test_a_stop_during_a_pause_finishes_the_batch(files: Files, tmp_path: Path, whole: Run, clock: Clock) -> None:
    wanted = request_pair(files, path := tmp_path / "a.thinice")
    observer = AskAt(path, {110: "pause"})
    clock.asleep = lambda: write_control(path, "stop")
    interrupted(wanted, observer)
    assert len(batches(path)) == len(observer.done) + 1
    assert_same_outcomes(run_it(wanted), whole)


def test_a_stop_can_be_withdrawn(files: Files, tmp_path: Path, whole: Run, clock: Clock) -> None:
    path = tmp_path / "a.thinice"
    # Batches of the first stage take 20 passes and a verification.
    observer = AskAt(path, {5: "stop", 12: "run"})
    assert_same_outcomes(run_it(request_pair(files, path), observer), whole)
    assert clock.now > BEGINNING


def test_a_stop_that_was_heeded_cannot_be_withdrawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what was left out for it would be missing, in a run that is finished: others may still compute then."""
    monkeypatch.setattr("thinice_tui.engine.control.run_control.POLL_SECONDS", 0.0)
    tracker: Any = SimpleNamespace(state="running", beat=lambda: None)
    control = RunControl(path := tmp_path / "a.thinice", None, tracker)
    withdrawn: list[ControlWord] = ["stop", "run", "stop"]
    for wish in withdrawn:
        write_control(path, wish)
        control.poll()
    assert control.is_ending(kept=False)
    too_late: list[ControlWord] = ["pause", "run"]
    for wish in too_late:
        write_control(path, wish)
        control.poll()
        assert control.is_ending(kept=False) and tracker.state == "stopping"
    with pytest.raises(Interrupted, match="stopped as asked"):
        control.end_if_asked()


def test_a_run_of_engines_that_each_stop_at_once_gets_to_the_end(
    files: Files, tmp_path: Path, whole: Run, clock: Clock
) -> None:
    wanted = request_pair(files, path := tmp_path / "a.thinice")
    ends, known = 0, 0
    while True:
        try:
            found = run_it(wanted, AskAt(path, {1: "stop"}))
        except Interrupted:
            ends += 1
            done = len(batches(path))
            assert done in (known + 1, known + 2), "each engine gets on"
            known = done
        else:
            break
    assert ends > 10 and clock.now > BEGINNING
    assert_same_outcomes(found, whole)
