"""The program is killed or stopped in the middle of a run, and resumed."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.end_to_end.watching import count_batches
from tests.linear_models import Files, write_files
from tests.places import ROOT

COMMAND = [sys.executable, "-m", "thinice_tui"]
OPTIONS = ["--attack", "standard", "--samples", "24", "--eps", "4/255", "--batch-size", "6", "--format", "json"]


def start(files: Files, run: str) -> "subprocess.Popen[str]":
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*COMMAND, *files.arguments, *OPTIONS, "--samples-in-report", "--run", run],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        # Started in the background by a shell, this process may ignore SIGINT, and its children with it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def finish(files: Files, run: str) -> dict[str, object]:
    process = start(files, run)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    found: dict[str, object] = json.loads(out)
    return found


def outcomes(found: dict[str, object]) -> object:
    return found["samples"], found["comparisons"]


def check_integrity_of_a_copy(run: str) -> None:
    """Checks a copy: opening the file itself would already recover it, which is the program's task."""
    Path("copy").mkdir(exist_ok=True)
    for name in (run, f"{run}-wal"):
        if Path(name).exists():
            shutil.copy(name, Path("copy") / name)
    with sqlite3.connect(Path("copy") / run) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    shutil.rmtree("copy")


def wait_for_batches(process: "subprocess.Popen[str]", run: str, count: int) -> None:
    deadline = time.monotonic() + 120
    while count_batches(Path(run)) < count and process.poll() is None:
        assert time.monotonic() < deadline, "the run makes no progress"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write_files(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def whole(files: Files, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return finish(files, str(tmp_path_factory.mktemp("whole") / "whole.thinice"))


def test_a_killed_and_resumed_run_ends_with_the_same_results(files: Files, whole: dict[str, object]) -> None:
    chance = random.Random(0)
    for at in sorted(chance.sample(range(1, 20), 4)):
        process = start(files, "cut.thinice")
        wait_for_batches(process, "cut.thinice", at)
        time.sleep(chance.random() * 0.2)
        process.kill()
        process.communicate()
        check_integrity_of_a_copy("cut.thinice")
    assert outcomes(finish(files, "cut.thinice")) == outcomes(whole)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_keeps_its_results_and_says_so(
    files: Files, whole: dict[str, object], number: signal.Signals
) -> None:
    process = start(files, "cut.thinice")
    wait_for_batches(process, "cut.thinice", 5)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert not json.loads(out)["run"]["complete"] and "Traceback" not in err
    words = " ".join(err.split())
    assert "interrupted; everything up to the batch in flight is kept in cut.thinice" in words
    assert "thinice-tui report cut.thinice" in words
    assert count_batches(Path("cut.thinice")) >= 5

    report = subprocess.run([*COMMAND, "report", "cut.thinice"], capture_output=True, text=True, check=True)
    assert "PARTIAL" in report.stdout
    assert outcomes(finish(files, "cut.thinice")) == outcomes(whole)


def test_a_second_engine_on_the_same_file_is_refused(files: Files) -> None:
    first = start(files, "a.thinice")
    wait_for_batches(first, "a.thinice", 1)
    second = start(files, "a.thinice")
    out, err = second.communicate(timeout=60)
    assert second.returncode == 1 and out == ""
    assert "another engine is writing to it" in " ".join(err.split())
    first.kill()
    first.communicate()
