"""One phase for all models: what is done, what is written meanwhile, and what is read ahead."""

import itertools
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.engine_runs import StopAfter, assert_same_outcomes, request, run_it
from tests.linear_models import Files
from thinice_tui.data.samples import Samples
from thinice_tui.engine.phases.batch_phase import ModelProgress
from thinice_tui.engine.worker.executor import LocalExecutor, Task
from thinice_tui.protocol.progress import Heartbeat, StageResult
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.records import BatchOutcome
from thinice_tui.runfile.write_queue import WAITING
from thinice_tui.runfile.writer import RunWriter


def test_samples_are_done_with_their_batch() -> None:
    progress = ModelProgress(model=0, entered=19, batches={0: np.arange(8), 16: np.arange(16, 19)})
    assert progress.done == 8
    del progress.batches[16]
    assert progress.done == 11


class Comparing(StopAfter):
    """Compares what is said to be done with what the file holds."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.beyond = list[float]()
        """Samples that are reported as done and not in the file, the batch in flight included."""

    def _written(self, stage: str) -> int:
        with sqlite3.connect(self.path) as connection:
            query = "SELECT coalesce(sum(samples), 0) FROM batch JOIN stage USING (model, ordinal) WHERE name = ?"
            return int(connection.execute(query, (stage,)).fetchone()[0])

    def progress(self, beat: Heartbeat) -> None:
        super().progress(beat)
        self.beyond.append(beat.done - self._written(beat.stage))

    def stage_finished(self, result: StageResult) -> None:
        super().stage_finished(result)
        assert self._written(result.stage) >= result.entered, "a stage is finished when it is in the file"


def test_with_a_slow_writer_progress_is_what_is_written_and_goes_up(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_it(request(files, tmp_path / "whole.thinice"))
    write = RunWriter._write_batch

    def slowly(self: RunWriter, *arguments: object) -> None:
        time.sleep(0.05)
        write(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(RunWriter, "_write_batch", slowly)
    observer = Comparing(tmp_path / "slow.thinice")
    slow = run_it(request(files, observer.path), observer)
    assert_same_outcomes(slow, whole)
    assert max(observer.beyond) <= 8, "the batch in flight alone"
    for _, beats in itertools.groupby(observer.seen, lambda beat: beat.stage):
        done = [beat.done for beat in beats]
        assert done == sorted(done)


def test_no_more_batches_wait_than_a_crash_may_lose(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch is computed, its outcome waits, and the next one begins: at most that far ahead of the file."""
    write, computed, written, ahead = RunWriter._write_batch, [0], [0], list[int]()
    run = LocalExecutor.run

    def slowly(self: RunWriter, *arguments: object) -> None:
        time.sleep(0.2)
        write(self, *arguments)  # type: ignore[arg-type]
        written[0] += 1

    def counting(self: LocalExecutor, tasks: Iterable[Task]) -> Iterator[tuple[Task, BatchOutcome]]:
        for found in run(self, tasks):
            ahead.append(computed[0] - written[0])
            computed[0] += bool(found[0].name != "other models' images")
            yield found

    monkeypatch.setattr(RunWriter, "_write_batch", slowly)
    monkeypatch.setattr(LocalExecutor, "run", counting)
    settings = Settings.build("Linf", "4/255", "pgd-3", batch_size="8")
    run_it(request(files, tmp_path / "a.thinice", settings=settings))
    assert max(ahead) == WAITING


def test_the_images_of_the_next_batch_are_read_ahead(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, read = list[tuple[str, tuple[int, ...]]](), Samples.floats

    def ahead(self: Samples, positions: NDArray[np.int64]) -> None:  # noqa: ARG001
        told.append(("ahead", tuple(positions.tolist())))

    def floats(self: Samples, positions: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.float32]:
        if isinstance(positions, np.ndarray):
            told.append(("read", tuple(positions.tolist())))
        return read(self, positions)

    monkeypatch.setattr(Samples, "read_ahead", ahead)
    monkeypatch.setattr(Samples, "floats", floats)
    run_it(request(files, tmp_path / "a.thinice"))
    announced = [at for at, (what, _) in enumerate(told) if what == "ahead"]
    assert len(announced) > 10
    assert all(told[at + 1] == ("read", told[at][1]) for at in announced), "and these are read next"
