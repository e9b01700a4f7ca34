"""Several workers through the installed command: the same rows as one process, also when workers are killed."""

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.cluster.commands import Rows, batches_done, batches_twice, finished, rows, start, workers
from tests.linear_models import SLOW, Files, write_files
from thinice_tui.runfile.reader import read_run

KILLS = 20


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
    """20 kills at random moments, each as soon as the work has gone on since the one before."""
    Path("slow").write_text("0.02")
    process, chance, done = start(files, "many.thinice", "--workers", "3", arch=SLOW), random.Random(4), 0
    for _ in range(KILLS):
        while process.poll() is None and (batches_done("many.thinice") <= done or not workers(process)):
            time.sleep(0.05)
        done = batches_done("many.thinice")
        time.sleep(chance.uniform(0, 0.3))
        assert process.poll() is None, "the run is too short for so many kills"
        if alive := workers(process):
            chance.choice(alive).send_signal(signal.SIGKILL)
    Path("slow").unlink()
    _, said = finished(process)
    assert rows("many.thinice") == alone and batches_twice("many.thinice") == 0
    told = " ".join(said.split())
    assert "was lost: its batch of" in told and "runs elsewhere" in told
