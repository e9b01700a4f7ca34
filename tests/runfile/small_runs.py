"""A small run file with its writer, batch by batch: 40 samples of 3 classes, dense and one pruned model."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.fake_runs import STAGES, attacked, logits_of, record, run_table
from thinice_tui.protocol.pixels import as_floats
from thinice_tui.runfile.records import ModelRecord, RunPlan
from thinice_tui.runfile.writer import RunWriter

N = 40
BATCH = 8
LABELS = np.arange(N, dtype=np.int64) % 3
IMAGES = np.random.default_rng(0).integers(0, 256, (N, 3, 8, 8), dtype=np.uint8)


def small_plan(seed: int = 0) -> tuple[RunPlan, list[ModelRecord]]:
    """The plan, and its models. seed: another one is another run."""
    plan = RunPlan({"made": seed}, run_table(N, 3, "standard", ["a", "b", "c"]))
    return plan, [record("dense", "dense"), record("p", "pruned")]


def open_writer(path: Path, seed: int = 0) -> RunWriter:
    return RunWriter.open(path, *small_plan(seed), LABELS, LABELS, IMAGES)


def plan_stages(writer: RunWriter) -> None:
    writer.plan_stages([(name, {"steps": 3}) for name in STAGES], 2)


def logits(seed: int = 0) -> NDArray[np.float32]:
    """Logits [40,3] with a margin of 1."""
    return logits_of(np.full(N, 1.0), LABELS, 3, np.random.default_rng(seed))


def add_batch(writer: RunWriter, batch: int, broken: bool = True) -> None:
    """The batch number `batch` of the first stage against dense: 8 samples, all broken or none."""
    positions = np.arange(batch * BATCH, (batch + 1) * BATCH)
    outcome = attacked(positions, logits(batch), LABELS, np.full(BATCH, broken), IMAGES)
    writer.add_batch(0, 0, batch * BATCH, outcome, np.ones(BATCH, dtype=bool), as_floats(IMAGES[positions]))
    writer.drain()


@contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """The run file as a plain database, to damage it; committed and closed at the end."""
    with closing(sqlite3.connect(path)) as connection, connection:
        yield connection


def store(path: Path, **values: object) -> None:
    """Put values into the run table, whatever they are."""
    with database(path) as connection:
        for key, value in values.items():
            connection.execute("INSERT OR REPLACE INTO run VALUES (?, ?)", (key, json.dumps(value)))


def journal_mode(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])
