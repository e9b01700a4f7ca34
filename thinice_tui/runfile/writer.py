"""The engine's side of a run file: create or resume it, and add one batch at a time.

Every method that writes is one transaction: a crash loses at most the batch in flight.
"""

import json
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import RunFileError
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.identity import check_same, stored_about
from thinice_tui.runfile.journal import choose_journal
from thinice_tui.runfile.lock import RunLock, file_identity, take_lock
from thinice_tui.runfile.problems import PATIENCE, HeldError, explained
from thinice_tui.runfile.records import BatchOutcome, Floats, Integers, ModelRecord, RunPlan
from thinice_tui.runfile.revision import check_revision
from thinice_tui.runfile.schema import (
    APPLICATION_ID,
    PAGE_SIZE,
    TABLES,
    VERSION,
    check_recognised,
    is_empty,
    pack_adversarial,
    read_logits,
    starting_beat,
    unpack_adversarial,
)

HEARTBEAT_SECONDS = 0.5
LEAVE_WAL_TRIES = 20


class RunWriter:
    """The one writer of a run file. Use as a context manager; models are numbered in the plan's order."""

    def __init__(self, connection: sqlite3.Connection, path: Path, lock: RunLock, resumed: bool) -> None:
        self._connection = connection
        self._lock = lock
        self._beaten = 0.0
        self._state = ""
        self._added = 0
        self._file = file_identity(path)
        self.path = path
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
        """Create `path`, or continue it when it was made by the same plan; raises RunFileError.

        images: each sample's as stored, [C,H,W], in order; gone through once, and only where `path` is created.
        lock: the run's, where it is held already; the writer releases it, also where this fails.
        """
        lock = lock or take_lock(path)
        connection: sqlite3.Connection | None = None
        try:
            exists = path.exists() and path.stat().st_size > 0
            connection = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)
            if exists and _is_new(connection, path):
                exists = False  # killed between creating the file and its first transaction
            if exists:
                check_recognised(connection, str(path))
                about = stored_about(connection)
                check_same(about, plan, models, path)
                check_revision(about, plan.about, path)
            connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")  # of a new file; of another it stays
            choose_journal(connection, path)
            writer = cls(connection, path, lock, resumed=exists)
            if not exists:
                writer._create(plan, models, labels, indices, images)
                writer._checkpoint()
            (writer._added,) = connection.execute("SELECT coalesce(max(added), 0) FROM outcome").fetchone()
        except BaseException as error:
            if connection is not None:
                connection.close()
            lock.release()
            if isinstance(error, (sqlite3.Error, OSError)):
                raise explained(error, path) from error
            raise
        return writer

    def __enter__(self) -> "RunWriter":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._in_place():  # else a -wal of that name may be another's
            with self._waiting(0):
                _leave_wal(self._connection)
        self._connection.close()
        self._lock.release()

    # what is known already

    def value(self, key: str) -> object:
        """A value of the run table, None where there is none."""
        row = self._connection.execute("SELECT value FROM run WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def clean_logits(self, model: int, count: int, classes: int) -> Floats:
        """[count, classes], NaN where not computed yet."""
        return read_logits(self._connection, "clean", model, (count, classes))

    def worst_logits(self, model: int, count: int, classes: int) -> Floats:
        """[count, classes], of each sample's kept adversarial image; NaN where there is none."""
        return read_logits(self._connection, "outcome", model, (count, classes))

    def broken_by(self, model: int, count: int) -> Integers:
        """The stage ordinal that broke each sample, −1 while it stands; [count]."""
        broken = np.full(count, -1, dtype=np.int64)
        rows = self._connection.execute(
            "SELECT position, broken_by FROM outcome WHERE model = ? AND broken_by IS NOT NULL", (model,)
        )
        for position, ordinal in rows:
            broken[position] = ordinal
        return broken

    def adversarial(self, model: int, positions: Integers, clean: Floats) -> Floats:
        """The images that broke `model` at `positions` [b], [b,C,H,W]; those of `clean` where none is stored."""
        images, query = clean.copy(), "SELECT image FROM adversarial WHERE model = ? AND position = ?"
        for i, position in enumerate(positions):
            if (row := self._connection.execute(query, (model, int(position))).fetchone()) is not None:
                images[i] = unpack_adversarial(row[0], clean[i])
        return images

    def batches_done(self, model: int, ordinal: int) -> set[int]:
        rows = self._connection.execute("SELECT batch FROM batch WHERE model = ? AND ordinal = ?", (model, ordinal))
        return {batch for (batch,) in rows}

    def forwards(self, model: int, ordinals: Sequence[int]) -> int:
        """Images passed forward in these stages of a model, in the batches that are done."""
        marks = ", ".join("?" * len(ordinals))
        query = f"SELECT coalesce(sum(forwards), 0) FROM batch WHERE model = ? AND ordinal IN ({marks})"
        (count,) = self._connection.execute(query, (model, *ordinals)).fetchone()
        return int(count)

    # what is added

    def begin(self, origin: Mapping[str, object]) -> None:
        """An engine begins: how it was started goes into the run table, its heartbeat replaces the last one's."""
        with self._transaction():
            self._connection.execute("DELETE FROM heartbeat")
            self._connection.execute(*starting_beat("the attacks"))
            self._set_values(origin)

    def set_values(self, **values: object) -> None:
        """Put values into the run table, as JSON."""
        with self._transaction():
            self._set_values(values)

    def add_clean(self, model: int, positions: Integers, logits: Floats) -> None:
        """Logits [b,C] on the clean images at `positions` [b]."""
        with self._transaction():
            self._connection.executemany(
                "INSERT OR REPLACE INTO clean VALUES (?, ?, ?)",
                [(model, int(p), row.tobytes()) for p, row in zip(positions, logits, strict=True)],
            )

    def plan_stages(self, stages: Sequence[tuple[str, dict[str, object]]], models: int) -> None:
        """Name and parameters of every stage, for every model; a no-op where they are planned already."""
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
        with self._transaction():
            self._connection.execute(
                "UPDATE stage SET entered = ? WHERE model = ? AND ordinal = ?", (entered, model, ordinal)
            )

    def finish_stage(self, model: int, ordinal: int) -> None:
        with self._transaction():
            self._connection.execute("UPDATE stage SET finished = 1 WHERE model = ? AND ordinal = ?", (model, ordinal))
        self._checkpoint()

    def add_batch(
        self,
        model: int,
        ordinal: int,
        batch: int,
        outcome: BatchOutcome,
        kept: NDArray[np.bool_],
        clean: Floats | None,
    ) -> None:
        """One batch's verified outcomes; of its samples, those `kept` [b] replace what is known of them.

        clean: the images before the attack, float32 [b,C,H,W], where adversarial ones are to be stored; None: none is.
        """
        with self._transaction():
            self._added += 1
            for i in np.flatnonzero(kept):
                position, broken = int(outcome.positions[i]), bool(outcome.broken[i])
                self._connection.execute(
                    "INSERT OR REPLACE INTO outcome (model, position, broken_by, logits, distance, added) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        model,
                        position,
                        ordinal if broken else None,
                        outcome.logits[i].tobytes(),
                        float(outcome.distances[i]),
                        self._added,
                    ),
                )
                if broken and clean is not None:
                    self._connection.execute(
                        "INSERT OR REPLACE INTO adversarial VALUES (?, ?, ?)",
                        (model, position, pack_adversarial(outcome.images[i], clean[i])),
                    )
            if outcome.boundary is not None:
                self._connection.executemany(
                    "UPDATE outcome SET boundary = ?, added = ? WHERE model = ? AND position = ?",
                    [
                        (float(boundary), self._added, model, int(position))
                        for position, boundary in zip(outcome.positions, outcome.boundary, strict=True)
                    ],
                )
            self._connection.execute(
                "INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    model,
                    ordinal,
                    batch,
                    len(outcome.positions),
                    outcome.forwards,
                    outcome.backwards,
                    outcome.seconds,
                ),
            )

    def heartbeat(self, beat: Heartbeat) -> None:
        """What the engine does now; written at most twice a second, and at once when the state changes.

        Left out where somebody holds the file: the next one comes soon, and no attack waits for it, or ends.
        """
        if beat.at - self._beaten < HEARTBEAT_SECONDS and beat.state == self._state:
            return
        self._beaten = beat.at
        with suppress(HeldError), self._waiting(0), self._transaction():
            row = (beat.at, beat.state, beat.doing, int(beat.done), beat.total, beat.rate)
            self._connection.execute(
                "INSERT OR REPLACE INTO heartbeat VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, beat.seconds_left, beat.seconds_expected),
            )
            self._state = beat.state

    def finish(self, keep_positions: dict[int, set[int]] | None) -> None:
        """Mark the run as finished; keep adversarial images only at `keep_positions` of each model (None: all)."""
        with self._transaction():
            if keep_positions is not None:
                rows = self._connection.execute("SELECT model, position FROM adversarial")
                dropped = [(m, p) for m, p in rows.fetchall() if p not in keep_positions[m]]
                self._connection.executemany("DELETE FROM adversarial WHERE model = ? AND position = ?", dropped)
            self._connection.execute("DELETE FROM heartbeat")
            self._set_values({"finished": time.time()})
        with suppress(sqlite3.Error):  # a reader holds it, or the disk is nearly full: whole, only larger
            self._connection.execute("VACUUM")

    # helpers

    def _in_place(self) -> bool:
        """Whether the file that is written to is still the one at its path."""
        return file_identity(self.path) == self._file

    def _checkpoint(self) -> None:
        """Move what is committed into the one file, so that a copy without its -wal is at most a stage old."""
        with suppress(sqlite3.Error), self._waiting(1):  # a reader is in the way: next time
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _set_values(self, values: Mapping[str, object]) -> None:
        self._connection.executemany(
            "INSERT OR REPLACE INTO run VALUES (?, ?)", [(k, json.dumps(v)) for k, v in values.items()]
        )

    def _create(
        self,
        plan: RunPlan,
        models: Sequence[ModelRecord],
        labels: Integers,
        indices: Integers,
        images: Iterable[NDArray[np.generic]],
    ) -> None:
        with self._transaction():
            for statement in TABLES.split(";\n"):
                if statement.strip():
                    self._connection.execute(statement)
            self._set_values({"identity": plan.identity, "created": time.time(), "finished": None, **plan.about})
            for number, model in enumerate(models):
                row = asdict(model) | {"id": number, "layers": json.dumps([asdict(layer) for layer in model.layers])}
                names = ", ".join(row)
                self._connection.execute(
                    f"INSERT INTO model ({names}) VALUES ({', '.join(':' + name for name in row)})", row
                )
            self._connection.executemany(
                "INSERT INTO sample VALUES (?, ?, ?)",
                zip(range(len(labels)), indices.tolist(), labels.tolist(), strict=True),
            )
            self._connection.executemany(
                "INSERT INTO image VALUES (?, ?)",
                ((position, zlib.compress(image.tobytes(), 1)) for position, image in enumerate(images)),
            )
            self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _waiting(self, seconds: float) -> Iterator[None]:
        """Wait so long for others that hold the file, and not for PATIENCE."""
        self._connection.execute(f"PRAGMA busy_timeout = {1000 * seconds:.0f}")
        try:
            yield
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {1000 * PATIENCE:.0f}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if not self._in_place():  # SQLite would go on writing to a file that nobody can open any more
            raise RunFileError(
                f"{self.path}: was deleted, moved or replaced while it was written; nothing more is computed",
                "where it was moved, put it back beside its -wal; repeat the command: it goes on from what is there",
            )
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise explained(error, self.path) from error


def tidy(path: Path) -> None:
    """Make one plain file of a finished run whose engine was killed before it could; a no-op where it cannot be."""
    with suppress(RunFileError, OSError, sqlite3.Error):
        with reading(path) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        if mode != "wal":
            return
        lock = RunLock(path)
        try:
            connection = sqlite3.connect(path, isolation_level=None, timeout=0)
            _leave_wal(connection)
            connection.close()
        finally:
            lock.release()


def _leave_wal(connection: sqlite3.Connection) -> None:
    """Make one plain file, that can be copied and read from a read-only folder.

    A view that is looking at it prevents that, for a moment; if it does for long, the file stays in WAL mode.
    """
    for _ in range(LEAVE_WAL_TRIES):
        with suppress(sqlite3.Error):
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            if mode != "wal":
                return
        time.sleep(0.1)


def _is_new(connection: sqlite3.Connection, path: Path) -> bool:
    try:
        return is_empty(connection)
    except sqlite3.DatabaseError as error:
        raise RunFileError(f"{path}: exists and is not a run file ({error})", "give another file with --run") from error
