"""The layout of NAME.thinice: SQLite tables, and how a file is recognised."""

import sqlite3
import time
import zlib
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import RunFileError

APPLICATION_ID = 0x7468_6963  # "thic", what `file` and this tool recognise it by
VERSION = 4
"""Of TABLES: raised when these change, and for nothing else. What is added to the run table is no change."""
OLDEST = 3
"""The oldest version that is read, and goes on to be."""
SUFFIX = ".thinice"
PAGE_SIZE = 16384
"""Bytes: an image of 32×32 fills most of SQLite's own 4096, and leaves the rest empty."""

TABLES = """
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE model (
    id INTEGER PRIMARY KEY, role TEXT NOT NULL CHECK (role IN ('dense', 'pruned', 'control')),
    name TEXT NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL, arch TEXT NOT NULL,
    normalization TEXT NOT NULL, parameters INTEGER NOT NULL, sparsity_conv_linear REAL NOT NULL,
    sparsity_mean_per_layer REAL NOT NULL, sparsity_all_parameters REAL NOT NULL, layers TEXT NOT NULL);
CREATE TABLE sample (
    position INTEGER PRIMARY KEY, dataset_index INTEGER NOT NULL, label INTEGER NOT NULL);
CREATE TABLE image (position INTEGER PRIMARY KEY REFERENCES sample, image BLOB NOT NULL);
CREATE TABLE clean (
    model INTEGER NOT NULL REFERENCES model, position INTEGER NOT NULL REFERENCES sample, logits BLOB NOT NULL,
    PRIMARY KEY (model, position)) WITHOUT ROWID;
CREATE TABLE stage (
    model INTEGER NOT NULL REFERENCES model, ordinal INTEGER NOT NULL, name TEXT NOT NULL, parameters TEXT NOT NULL,
    entered INTEGER, finished INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (model, ordinal)) WITHOUT ROWID;
CREATE TABLE batch (
    model INTEGER NOT NULL, ordinal INTEGER NOT NULL, batch INTEGER NOT NULL, samples INTEGER NOT NULL,
    forwards INTEGER NOT NULL, backwards INTEGER NOT NULL, seconds REAL NOT NULL,
    PRIMARY KEY (model, ordinal, batch), FOREIGN KEY (model, ordinal) REFERENCES stage) WITHOUT ROWID;
CREATE TABLE outcome (
    model INTEGER NOT NULL REFERENCES model, position INTEGER NOT NULL REFERENCES sample,
    broken_by INTEGER, logits BLOB NOT NULL, distance REAL NOT NULL, added INTEGER NOT NULL,
    boundary REAL,
    PRIMARY KEY (model, position)) WITHOUT ROWID;
CREATE INDEX outcome_added ON outcome (model, added);
CREATE TABLE adversarial (
    model INTEGER NOT NULL, position INTEGER NOT NULL, image BLOB NOT NULL, PRIMARY KEY (model, position));
CREATE TABLE heartbeat (
    id INTEGER PRIMARY KEY CHECK (id = 1), at REAL NOT NULL, state TEXT NOT NULL, doing TEXT NOT NULL,
    done INTEGER NOT NULL, total INTEGER NOT NULL, rate REAL NOT NULL, seconds_left REAL,
    seconds_expected REAL);
"""
"""run: settings, versions, data, device, engine, the attacks' revision as JSON. image: zlib of the
array whose shape and dtype are in run['data'], apart from sample so that a view of a million samples
reads no image. logits: float32. stage.ordinal: from 0, the ensemble's order; stage.entered: NULL until its first batch.
outcome: a row for each attacked sample; broken_by: the ordinal that broke it, NULL while it stands;
logits and distance: of the worst verified image so far; added: rises with every batch, so that a view
reads only what is new; boundary: the minimum-norm distance, NULL where not searched for. adversarial:
as `pack_adversarial` makes it, kept for broken samples as settings.keep_images says; while the run goes on, of all
of them, unless it says none and no distances are searched for. heartbeat.state: starting, running,
paused or stopping; seconds_expected: since version 4."""


def read_logits(
    connection: sqlite3.Connection, table: Literal["clean", "outcome"], model: int, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """The logits that `table` holds of `model`: [samples, classes] of that shape, NaN where there are none."""
    logits = np.full(shape, np.nan, dtype=np.float32)
    for position, blob in connection.execute(f"SELECT position, logits FROM {table} WHERE model = ?", (model,)):
        logits[position] = np.frombuffer(blob, dtype=np.float32)
    return logits


def pack_adversarial(image: NDArray[np.float32], clean: NDArray[np.float32]) -> bytes:
    """The bits in which an adversarial image differs from the clean one, compressed: two thirds of its own size."""
    return zlib.compress((_bits(image) ^ _bits(clean)).tobytes(), 6)


def unpack_adversarial(blob: bytes, clean: NDArray[np.float32]) -> NDArray[np.float32]:
    """What `pack_adversarial` was given; decompressed no further than `clean` is large, whatever the file claims."""
    changed = np.frombuffer(zlib.decompressobj().decompress(blob, clean.nbytes), np.uint32)
    return (changed.reshape(clean.shape) ^ _bits(clean)).view(np.float32)


def starting_beat(doing: str) -> tuple[str, tuple[object, ...]]:
    """The statement, and its values, by which an engine says what it does before its first forward pass."""
    values = (time.time(), "starting", doing)
    return (
        "INSERT OR REPLACE INTO heartbeat (id, at, state, doing, done, total, rate) VALUES (1, ?, ?, ?, 0, 0, 0)",
        values,
    )


def _bits(image: NDArray[np.float32]) -> NDArray[np.uint32]:
    return np.ascontiguousarray(image, dtype=np.float32).view(np.uint32)


def check_recognised(connection: sqlite3.Connection, path: str) -> None:
    """Raise RunFileError unless this is a run file of a version that this tool reads."""
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise RunFileError(f"{path}: is not a run file, or is damaged ({error})", "expected NAME.thinice") from error
    if application == 0 and is_empty(connection):
        raise RunFileError(
            f"{path}: nothing is computed yet: its engine has just begun, or was ended before it wrote anything",
            "wait, or repeat the command that made it",
        )
    if application != APPLICATION_ID:
        raise RunFileError(
            f"{path}: is not a thinice-tui run file",
            "expected a file that `compare` wrote, copied with its -wal where there is one",
        )
    if version < OLDEST:
        raise RunFileError(
            f"{path}: was written by a development version of thinice-tui (run file version {version})",
            "no released version wrote such files: compute it again into another file",
        )
    if version > VERSION:
        raise RunFileError(
            f"{path}: was written by a newer thinice-tui (run file version {version}, this one reads {VERSION})",
            "upgrade thinice-tui to read it",
        )


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether nothing was written yet; raises sqlite3.DatabaseError where it is no database."""
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(tables == 0)
