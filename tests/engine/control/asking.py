"""Observers that play a view: they write wishes to the control file at given moments."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from tests.engine_runs import StopAfter, request, run_it
from tests.linear_models import Files
from thinice_tui.errors import EXIT_INTERRUPTED, Interrupted
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.control import ControlWord, write_control
from thinice_tui.runfile.reader import read_run

BATCH_PASSES = 22
"""Reports of a batch of PGD-20: 20 steps, one before and one after."""


class AskAt(StopAfter):
    """Writes wishes to the control file at given forward passes; `done` holds the batches that were stored by then."""

    def __init__(self, path: Path, wishes: dict[int, ControlWord]) -> None:
        super().__init__()
        self.path, self.wishes = path, wishes
        self.done: list[object] = []

    def progress(self, beat: Heartbeat) -> None:
        super().progress(beat)
        if wish := self.wishes.get(len(self.seen)):
            self.done = batches(self.path)
            write_control(self.path, wish)


class AskAfterDense(StopAfter):
    """Writes a wish after the dense model's clean pass; the engine reads it in the next model's."""

    def __init__(self, path: Path, wish: ControlWord) -> None:
        super().__init__()
        self.path, self.wish = path, wish

    def note(self, message: str) -> None:
        if message.startswith("dense · clean"):
            write_control(self.path, self.wish)


def batches(path: Path) -> list[object]:
    """The batches in the run file: (model, ordinal, first place, samples)."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT model, ordinal, first, samples FROM batch").fetchall()
    finally:
        connection.close()


def clean_counts(path: Path) -> list[int]:
    """Per model, the samples with a clean prediction."""
    return [int(np.isfinite(model.clean_margin).sum()) for model in read_run(path).models]


def interrupted(wanted: Request, observer: StopAfter) -> Interrupted:
    """Run until it ends because a view asked it to stop; the control file is then gone."""
    with pytest.raises(Interrupted, match="stopped as asked") as caught:
        run_it(wanted, observer)
    assert wanted.run is not None and not control_file(wanted.run).exists()
    assert caught.value.exit_code == EXIT_INTERRUPTED and str(wanted.run) in caught.value.what
    assert "repeat the command" in caught.value.do
    return caught.value


def control_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.control")


def request_pair(files: Files, path: Path) -> Request:
    """The dense and the pruned model, without control."""
    return request(files, path, control=None)
