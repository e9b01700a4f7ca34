"""The engine's side of a run file: create or continue it, and add one batch at a time.

Every method that writes is one transaction. Batches are compressed and written by a thread, in their order; every other
method waits until they are. So a crash loses at most the batches in flight and those that wait to be written.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import RunFileError
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile.attacks_revision import check_attacks_revision
from thinice_tui.runfile.blobs import pack_adversarial
from thinice_tui.runfile.create_run import create_run, create_views
from thinice_tui.runfile.heartbeat import heartbeat_statement, starting_heartbeat, write_workers
from thinice_tui.runfile.identity import check_same
from thinice_tui.runfile.journal import choose_journal
from thinice_tui.runfile.lock import RunLock, take_lock
from thinice_tui.runfile.records import BatchOutcome, Floats, Integers, ModelRecord, RunPlan
from thinice_tui.runfile.run_table import RunTable, read_run_table, write_values
from thinice_tui.runfile.schema import PAGE_SIZE, check_recognised, is_empty
from thinice_tui.runfile.stored_outcomes import StoredOutcomes
from thinice_tui.runfile.write_connection import WriteConnection
from thinice_tui.runfile.write_errors import PATIENCE, FileHeldError, write_error
from thinice_tui.runfile.write_queue import WriteQueue

HEARTBEAT_SECONDS = 0.5


class RunWriter(StoredOutcomes):
    """The one writer of a run file. Use as a context manager. Models are numbered in the plan's order."""

    def __init__(self, connection: WriteConnection, lock: RunLock, resumed: bool) -> None:
        super().__init__(connection.sqlite)
        self._queue = WriteQueue()
        self._adding = threading.Lock()
        """Held while the queue's thread writes a batch."""
        self._writing = connection
        self._lock = lock
        self._beaten = 0.0
        """When the last heartbeat was written, and its state."""
        self._state = ""
        self._added = self.last_added()
        self.path = connection.path
        self.resumed = resumed

    @classmethod
    def open(
        cls,
        path: Path,
        plan: RunPlan,
        models: Sequence[ModelRecord],
        labels: Integers,
        indices: Integers,
        images: Iterable[NDArray[np.generic]],
        lock: RunLock | None = None,
    ) -> "RunWriter":
        """Create `path`, or continue it where the same plan made it; raises RunFileError.

        labels, indices: [n]. images: each sample's as stored, [C,H,W], in their order; gone through once, and only
        where `path` is created. lock: the run's, where it is held already; the writer releases it, also where this
        fails.
        """
        lock = lock or take_lock(path)
        connection: sqlite3.Connection | None = None
        try:
            exists = path.exists() and path.stat().st_size > 0
            connection = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE, check_same_thread=False)
            if exists and _is_new(connection, path):
                exists = False  # an engine was killed between creating the file and its first transaction
            if exists:
                check_recognised(connection, str(path))
                table = _run_table(connection, path)
                check_same(table, plan, models, path)
                check_attacks_revision(table, plan.table, path)
            connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")  # of a new file; that of an old one stays
            choose_journal(connection, path)
            writing = WriteConnection(connection, path)
            with writing.transaction():
                if exists:
                    create_views(connection)
                else:
                    create_run(connection, plan, models, labels, indices, images)
            if not exists:
                writing.checkpoint()
            return cls(writing, lock, resumed=exists)
        except BaseException as error:
            if connection is not None:
                connection.close()
            lock.release()
            if isinstance(error, (sqlite3.Error, OSError)):
                raise write_error(error, path) from error
            raise

    def __enter__(self) -> "RunWriter":
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self._queue.close()
        finally:
            self._writing.close()
            self._lock.release()

    @property
    def _connection(self) -> sqlite3.Connection:
        """For the engine's thread, once the queue's thread has left it."""
        self._queue.drain()
        return self._writing.sqlite

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._queue.drain()
        with self._writing.transaction():
            yield

    @property
    def batches_written(self) -> int:
        """Of those that were added, how many are in the file: the first ones."""
        return self._queue.done

    def drain(self) -> None:
        """Wait until every batch that was added is in the file; raises RunFileError where one cannot be written."""
        self._queue.drain()

    def begin(self, origin: Mapping[str, object]) -> None:
        """An engine begins: put `origin`, how it was started, into the run table, and write a first heartbeat."""
        with self._transaction():
            self._connection.execute("DELETE FROM heartbeat")
            self._connection.execute(*starting_heartbeat("the attacks"))
            write_workers(self._connection, ())
            write_values(self._connection, **origin)

    def set_values(self, **values: object) -> None:
        """Put `values` into the run table, as JSON."""
        with self._transaction():
            write_values(self._connection, **values)

    def add_clean(self, model: int, positions: Integers, logits: Floats) -> None:
        """Add the logits [b,C] on the clean images at `positions` [b]."""
        with self._transaction():
            self._connection.executemany(
                "INSERT OR REPLACE INTO clean VALUES (?, ?, ?)",
                [(model, int(p), row.tobytes()) for p, row in zip(positions, logits, strict=True)],
            )

    def plan_stages(self, stages: Sequence[tuple[str, dict[str, object]]], models: int) -> None:
        """Add name and parameters of every stage, for every model; those that are planned already stay."""
        with self._transaction():
            self._connection.executemany(
                "INSERT OR IGNORE INTO stage (model, ordinal, name, parameters) VALUES (?, ?, ?, ?)",
                [
                    (model, ordinal, name, json.dumps(parameters))
                    for model in range(models)
                    for ordinal, (name, parameters) in enumerate(stages)
                ],
            )

    def start_stage(self, model: int, ordinal: int, entered: int) -> None:
        """The stage begins on `entered` samples."""
        with self._transaction():
            self._connection.execute(
                "UPDATE stage SET entered = ? WHERE model = ? AND ordinal = ?", (entered, model, ordinal)
            )

    def finish_stage(self, model: int, ordinal: int) -> None:
        """Every batch of the stage is done."""
        with self._transaction():
            self._connection.execute("UPDATE stage SET finished = 1 WHERE model = ? AND ordinal = ?", (model, ordinal))
        self._writing.checkpoint()

    def add_batch(
        self,
        model: int,
        ordinal: int,
        first: int,
        outcome: BatchOutcome,
        kept: NDArray[np.bool_],
        clean: Floats | None,
    ) -> None:
        """Add one batch's verified outcomes; those of the samples `kept`, bool [b], replace earlier ones.

        first: the place of the batch's first sample among those that entered the stage. clean: the images before the
        attack, float32 [b,C,H,W], where adversarial ones are kept; None: none is. Returns before they are written, and
        raises RunFileError where an earlier batch could not be.
        """
        self._queue.put(partial(self._write_batch, model, ordinal, first, outcome, kept, clean))

    def _write_batch(
        self,
        model: int,
        ordinal: int,
        first: int,
        outcome: BatchOutcome,
        kept: NDArray[np.bool_],
        clean: Floats | None,
    ) -> None:
        """In the queue's thread: compress, then write everything in one transaction."""
        adversarial = []
        if clean is not None:
            for i in np.flatnonzero(kept & outcome.broken):
                packed = pack_adversarial(outcome.images[i], clean[i])
                adversarial.append((model, int(outcome.positions[i]), packed))
        with self._adding, self._writing.transaction():
            self._added += 1
            write = self._writing.sqlite
            write.executemany(
                "INSERT OR REPLACE INTO outcome (model, position, broken_by, logits, distance, added) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        model,
                        int(outcome.positions[i]),
                        ordinal if outcome.broken[i] else None,
                        outcome.logits[i].tobytes(),
                        float(outcome.distances[i]),
                        self._added,
                    )
                    for i in np.flatnonzero(kept)
                ],
            )
            write.executemany("INSERT OR REPLACE INTO adversarial VALUES (?, ?, ?)", adversarial)
            if outcome.boundary is not None:
                write.executemany(
                    "UPDATE outcome SET boundary = ?, added = ? WHERE model = ? AND position = ?",
                    [
                        (float(boundary), self._added, model, int(position))
                        for position, boundary in zip(outcome.positions, outcome.boundary, strict=True)
                    ],
                )
            counts = len(outcome.positions), outcome.forwards, outcome.backwards, outcome.seconds
            write.execute("INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?)", (model, ordinal, first, *counts))

    def heartbeat(self, beat: Heartbeat) -> None:
        """Write what the engine does now: at most twice a second, and at once when the state changes.

        It is left out where another program holds the file, or a batch is being written: the next one comes soon, and
        no attack waits for it. Raises RunFileError where an earlier batch could not be written.
        """
        self._queue.raise_error()
        if beat.at - self._beaten < HEARTBEAT_SECONDS and beat.state == self._state:
            return
        if not self._adding.acquire(blocking=False):
            return
        try:
            self._beaten = beat.at
            with suppress(FileHeldError), self._writing.waiting(0), self._writing.transaction():
                self._writing.sqlite.execute(*heartbeat_statement(beat))
                write_workers(self._writing.sqlite, beat.workers)
                self._state = beat.state
        finally:
            self._adding.release()

    def count_missing(self) -> int:
        """Stages that are not finished, and clean predictions that are not there."""
        found: int = self._connection.execute(MISSING).fetchone()[0]
        return found

    def finish(self, keep_positions: dict[int, set[int]] | None) -> None:
        """Mark the run as finished; keep adversarial images only at `keep_positions` of each model (None: all)."""
        with self._transaction():
            if keep_positions is not None:
                rows = self._connection.execute("SELECT model, position FROM adversarial")
                dropped = [(m, p) for m, p in rows.fetchall() if p not in keep_positions[m]]
                self._connection.executemany("DELETE FROM adversarial WHERE model = ? AND position = ?", dropped)
            self._connection.execute("DELETE FROM heartbeat")
            write_workers(self._connection, ())
            write_values(self._connection, finished=time.time())
        with suppress(sqlite3.Error):  # a reader holds it, or the disk is nearly full: the file stays larger
            self._connection.execute("VACUUM")


MISSING = """
SELECT (SELECT COUNT(*) FROM stage WHERE NOT finished)
     + (SELECT COUNT(*) FROM model) * (SELECT COUNT(*) FROM sample) - (SELECT COUNT(*) FROM clean)
"""


def _is_new(connection: sqlite3.Connection, path: Path) -> bool:
    try:
        return is_empty(connection)
    except sqlite3.DatabaseError as error:
        raise RunFileError(f"{path}: exists and is not a run file ({error})", "give another file with --run") from error


def _run_table(connection: sqlite3.Connection, path: Path) -> RunTable:
    try:
        return read_run_table(connection)
    except ValueError as error:
        raise RunFileError(f"{path}: is damaged ({error})", "compute it again into another file with --run") from error
