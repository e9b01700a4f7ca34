"""--time-limit: the current batch is finished, the results so far are reported, and the run can be resumed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.engine.control.asking import AskAt, batches
from tests.engine.control.clock import BEGINNING, FORWARD, Clock
from tests.engine_runs import StopAfter, assert_same_outcomes, request, run_it
from tests.linear_models import Files
from thinice_tui.commands.app import app
from thinice_tui.errors import EXIT_INTERRUPTED, EXIT_USAGE, Interrupted
from thinice_tui.runfile.control import write_control
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Run

LONGEST_BATCH = 70 * FORWARD
"""Seconds of a batch of `quick`'s last stage: 3 targets with 20 steps each, and their verification."""
CLEAN = 12 * FORWARD
"""Seconds of the clean pass: 32 samples and 3 models, in batches of 8."""


@pytest.fixture(scope="module")
def whole(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_it(request(files, tmp_path_factory.mktemp("whole") / "whole.thinice"))


@pytest.mark.parametrize("limit", [4, 5, 10, 20, 40])
def test_the_run_stops_after_the_batch_in_which_the_time_runs_out(
    files: Files, tmp_path: Path, whole: Run, clock: Clock, limit: float
) -> None:
    wanted = request(files, path := tmp_path / "a.thinice", time_limit=limit)
    with pytest.raises(Interrupted, match=r"time limit of \d+s reached: stopped, after a whole batch") as caught:
        run_it(wanted)
    assert caught.value.exit_code == EXIT_INTERRUPTED and "repeat the command" in caught.value.do
    partial = read_run(path)
    assert not partial.complete and clock.now - BEGINNING >= limit
    for model in partial.models:
        for stage in model.stages:
            assert not stage.finished or stage.attacked == stage.entered
    kept = batches(path)
    assert kept
    found = run_it(request(files, path))
    assert_same_outcomes(found, whole)
    assert set(kept) <= set(batches(path))


def test_the_limit_is_exceeded_by_less_than_a_batch(files: Files, tmp_path: Path, clock: Clock) -> None:
    began: list[float] = []

    class Beginning(StopAfter):
        def note(self, message: str) -> None:  # noqa: ARG002
            began.append(clock.now)

    with pytest.raises(Interrupted):
        run_it(request(files, tmp_path / "a.thinice", time_limit=30.0), Beginning())
    assert 30 - CLEAN <= clock.now - began[0] <= 30 + LONGEST_BATCH


def test_the_clean_pass_can_be_stopped_too(files: Files, tmp_path: Path, whole: Run, clock: Clock) -> None:
    path = tmp_path / "a.thinice"
    with pytest.raises(Interrupted, match="time limit"):
        run_it(request(files, path, time_limit=2 * FORWARD))
    assert batches(path) == [] and clock.now > BEGINNING
    assert_same_outcomes(run_it(request(files, path)), whole)


def test_the_same_command_again_and_again_finishes_the_run(
    files: Files, tmp_path: Path, whole: Run, clock: Clock
) -> None:
    """Each time at least one batch is stored, however short the limit is."""
    wanted = request(files, path := tmp_path / "a.thinice", time_limit=0.001)
    found, times, before = None, 0, 0
    while found is None:
        times += 1
        try:
            found = run_it(wanted)
        except Interrupted:
            assert len(batches(path)) <= before + 1
            before = len(batches(path))
    steps = 12 + len(batches(path)) + 2 * 3
    assert 20 < times <= steps + 1, (
        "a batch of the clean pass or of an attack each time, or one of a model's two kinds of checks"
    )
    assert clock.now > BEGINNING
    assert_same_outcomes(found, whole)


def test_a_pause_is_not_counted(files: Files, tmp_path: Path, whole: Run, clock: Clock) -> None:
    path = tmp_path / "a.thinice"
    slept: list[float] = []

    def asleep() -> None:
        slept.append(clock.now)
        if clock.now - slept[0] > 10_000:
            write_control(path, "run")

    clock.asleep = asleep
    found = run_it(request(files, path, time_limit=5000.0), AskAt(path, {100: "pause"}))
    assert len(slept) > 100
    assert_same_outcomes(found, whole)


# what the command says


def compare(files: Files, *options: str) -> Result:
    return CliRunner().invoke(app, [*files.arguments, "--attack", "quick", "--batch-size", "8", *options])


def said(result: Result) -> str:
    return " ".join(result.stderr.split())


@pytest.mark.parametrize("limit", ["5s", "20s"])
def test_a_partial_report_is_printed(files: Files, clock: Clock, limit: str) -> None:
    result = compare(files, "--run", "a.thinice", "--time-limit", limit)
    assert result.exit_code == EXIT_INTERRUPTED, result.stderr
    assert "PARTIAL" in result.stdout and "Samples on thin ice" in result.stdout
    assert f"time limit of {limit} reached: stopped, after a whole batch" in said(result)
    assert "repeat the command to continue" in said(result) and "Traceback" not in result.stderr
    later = CliRunner().invoke(app, ["report", "a.thinice"])
    assert later.stdout == result.stdout and clock.now > BEGINNING

    result = compare(files, "--run", "a.thinice", "--time-limit", limit, "--format", "json")
    assert json.loads(result.stdout)["run"]["complete"] is (result.exit_code == 0)
    result = compare(files, "--run", "a.thinice")
    assert result.exit_code == 0 and "PARTIAL" not in result.stdout


def test_a_partial_report_of_the_clean_pass_is_printed(files: Files, clock: Clock) -> None:
    result = compare(files, "--run", "a.thinice", "--time-limit", "0.2s", "--format", "json")
    assert result.exit_code == EXIT_INTERRUPTED and clock.now > BEGINNING
    found = json.loads(result.stdout)
    assert not found["run"]["complete"] and found["run"]["stages_finished"] == []
    assert [model["role"] for model in found["models"]] == ["dense", "pruned"]
    result = compare(files, "--run", "a.thinice", "--time-limit", "0.2s")
    assert result.exit_code == EXIT_INTERRUPTED and "PARTIAL" in result.stdout


def test_the_partial_report_goes_to_a_file_where_asked(files: Files, clock: Clock) -> None:
    result = compare(files, "--run", "a.thinice", "--time-limit", "5s", "-o", "out.txt")
    assert result.exit_code == EXIT_INTERRUPTED and result.stdout == "" and clock.now > BEGINNING
    assert "PARTIAL" in Path("out.txt").read_text()


def test_a_duration_that_cannot_be_meant_is_wrong_usage(files: Files) -> None:
    result = compare(files, "--time-limit=5 m")
    assert result.exit_code == EXIT_USAGE and result.stdout == "" and not Path("runs").exists()
    assert "--time-limit is" in said(result) and "write it as 90s, 30m or 1h30m" in said(result)
