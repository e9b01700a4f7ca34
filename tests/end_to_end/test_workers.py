"""Several workers through the installed command: the same rows as one process, also when workers are killed."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.workers import Rows, batches_done, batches_twice, finished, rows, start, workers
from tests.linear_models import SLOW, Files, write_files
from tests.places import ROOT
from thinice_tui.runfile.reader import read_run

KILLS = 20
NO_SECRET = {"RAY_AUTH_MODE": "disabled"}
"""The cluster of two nodes has no token."""


@pytest.fixture
def two_nodes() -> Iterator["subprocess.Popen[str]"]:
    """The process of a cluster of two machines, one core and two; its first line is its address."""
    command = [sys.executable, "-m", "tests.end_to_end.two_nodes"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with process:
        yield process
        process.communicate(timeout=60)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rows]:
    """What one process computes on the same files."""
    folder = tmp_path_factory.mktemp("alone")
    run = str(folder / "alone.thinice")
    finished(start(write_files(folder), run))
    yield rows(run)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_rows_are_equal_to_those_of_one_process(files: Files, alone: Rows, count: int) -> None:
    finished(start(files, "many.thinice", "--workers", str(count)))
    assert rows("many.thinice") == alone and batches_twice("many.thinice") == 0
    said = read_run(Path("many.thinice")).info.device
    assert said.startswith("a worker on cpu" if count == 1 else f"{count} workers, each on cpu")


def test_killed_workers_change_nothing_and_are_told(files: Files, alone: Rows) -> None:
    """20 kills at random moments, so far apart that no batch is lost again and again."""
    Path("slow").write_text("0.02")
    process, chance, done = start(files, "many.thinice", "--workers", "3", arch=SLOW), random.Random(4), -3
    for kill in range(KILLS):
        while process.poll() is None and (batches_done("many.thinice") < done + 4 or not workers(process)):
            time.sleep(0.05)
        done = batches_done("many.thinice")
        time.sleep(chance.uniform(0, 0.3))
        assert process.poll() is None, f"ended before kill {kill}: {process.communicate()[1]}"
        if alive := workers(process):
            chance.choice(alive).send_signal(signal.SIGKILL)
    Path("slow").unlink()
    _, said = finished(process)
    assert rows("many.thinice") == alone and batches_twice("many.thinice") == 0
    told = " ".join(said.split())
    assert "was lost: its batch of" in told and "runs elsewhere" in told


def test_a_lost_machine_changes_nothing_and_too_many_workers_are_refused(
    files: Files, alone: Rows, two_nodes: "subprocess.Popen[str]"
) -> None:
    assert two_nodes.stdin is not None and two_nodes.stdout is not None
    address = two_nodes.stdout.readline().strip()
    on_it = ("--ray", address, "--workers")
    Path("slow").write_text("0.05")
    process = start(files, "many.thinice", *on_it, "3", arch=SLOW, environment=NO_SECRET)
    while process.poll() is None and batches_done("many.thinice") < 8:
        time.sleep(0.05)
    assert process.poll() is None
    two_nodes.stdin.write("remove\n")
    two_nodes.stdin.flush()
    assert two_nodes.stdout.readline() == "removed\n"
    Path("slow").unlink()
    _, said = finished(process)
    assert rows("many.thinice") == alone and batches_twice("many.thinice") == 0
    assert "was lost: its batch of" in " ".join(said.split())
    _, said = finished(start(files, "other.thinice", *on_it, "9", environment=NO_SECRET), code=2)
    assert "--workers 9: the cluster has" in " ".join(said.split()), "Ray may still count the machine's cores"
