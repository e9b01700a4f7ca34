"""The layout of NAME.thinice: its SQLite tables, its version, and how a run file is recognised."""

import sqlite3

from thinice_tui.errors import RunFileError

APPLICATION_ID = 0x7468_6963  # "thic", what `file` and this tool recognise it by
VERSION = 5
"""The version of TABLES: raised when these change, and for nothing else. A new key of the run table is no change."""
OLDEST = 3
"""The oldest version that is read; later releases go on to read it."""
SUFFIX = ".thinice"
PAGE_SIZE = 16384
"""Bytes a page. In SQLite's default of 4096 an image of 32×32 would leave most of each page empty."""

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
    model INTEGER NOT NULL, ordinal INTEGER NOT NULL, first INTEGER NOT NULL, samples INTEGER NOT NULL,
    forwards INTEGER NOT NULL, backwards INTEGER NOT NULL, seconds REAL NOT NULL,
    PRIMARY KEY (model, ordinal, first), FOREIGN KEY (model, ordinal) REFERENCES stage) WITHOUT ROWID;
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
"""The tables, one by one:

- run: settings, versions, data, device, engine and the attacks' revision, each a JSON value.
- image: zlib of the array whose shape and dtype are in run['data']. It is apart from sample, so that a view of a
  million samples reads no image.
- clean, outcome: logits are float32.
- stage: ordinal counts from 0 in the ensemble's order; entered is NULL until its first batch.
- batch: first: the place of its first sample among those that entered the stage, in order of position. Before version 5
  there was its number, `batch`, and all batches of a run had one size.
- outcome: a row for each attacked sample. broken_by: the ordinal of the stage that broke it, NULL while none has;
  logits and distance: of the worst verified image so far; added: rises with every batch, so that a view reads only what
  is new; boundary: the minimum-norm distance, NULL where it was not searched for.
- adversarial: images as `blobs.pack_adversarial` makes them, of broken samples as settings.keep_images says. While the
  run goes on all of them are kept, unless it says none, has one model, and no distances are searched for.
- heartbeat: state is starting, running, paused or stopping; seconds_expected came with version 4.
"""

WORKER_TABLE = (
    "CREATE TABLE IF NOT EXISTS worker (id INTEGER PRIMARY KEY, name TEXT NOT NULL, doing TEXT NOT NULL, "
    "rate REAL NOT NULL)"
)
"""Beside the heartbeat where several workers compute, one row each; no part of VERSION, as earlier releases and runs of
one device do without it."""

VIEWS = (
    """
CREATE VIEW IF NOT EXISTS verdict AS SELECT
    model.name AS model, model.role AS role, sample.position AS position, sample.dataset_index AS dataset_index,
    sample.label AS label, outcome.position IS NOT NULL AS attacked, stage.name AS broken_by,
    outcome.distance AS distance, outcome.boundary AS boundary_distance,
    EXISTS (SELECT 1 FROM adversarial
        WHERE adversarial.model = model.id AND adversarial.position = sample.position) AS has_image
FROM model CROSS JOIN sample
    LEFT JOIN outcome ON outcome.model = model.id AND outcome.position = sample.position
    LEFT JOIN stage ON stage.model = model.id AND stage.ordinal = outcome.broken_by
""",
    """
CREATE VIEW IF NOT EXISTS stage_result AS SELECT
    model.name AS model, stage.ordinal AS ordinal, stage.name AS stage, stage.entered AS entered,
    (SELECT count(*) FROM outcome
        WHERE outcome.model = stage.model AND outcome.broken_by = stage.ordinal) AS broken,
    stage.finished AS finished,
    (SELECT sum(seconds) FROM batch WHERE batch.model = stage.model AND batch.ordinal = stage.ordinal) AS seconds
FROM stage JOIN model ON model.id = stage.model
""",
)
"""Views for people who query the file by SQL; nothing here reads them, so that they are no part of VERSION: earlier
releases read a file that has them. A continued file gets those that it lacks.

- verdict: a row for each model and sample. attacked: 1 where an outcome is known; once the first stage is finished, the
  others are the samples whose clean image the model misclassifies. broken_by: the stage's name, NULL while none has.
- stage_result: a row for each model and stage.
"""


def check_recognised(connection: sqlite3.Connection, path: str) -> None:
    """Raise RunFileError unless `path`, which `connection` has open, is a run file of a version that is read here."""
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


def first_of_batch(connection: sqlite3.Connection) -> str:
    """The SQL expression for `batch.first`, in a run file of any version that is read here."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return "first" if version >= 5 else "batch * (SELECT value FROM run WHERE key = 'batch_size')"


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether the database has no tables yet; raises sqlite3.DatabaseError where the file is no database."""
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(tables == 0)
