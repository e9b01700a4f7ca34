"""One sample of a run file: its images and logits, read when a view shows it."""

import sqlite3
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import RunFileError
from thinice_tui.protocol.pixels import as_floats
from thinice_tui.runfile.blobs import unpack_adversarial, unpack_image
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.records import Floats
from thinice_tui.runfile.run_info import DataInfo
from thinice_tui.runfile.run_table import read_value


def read_image(path: Path, position: int) -> NDArray[np.uint8] | Floats:
    """The clean image at `position`: [C,H,W], uint8 in [0,255] or float32 in [0,1]; raises RunFileError."""
    with reading(path) as connection:
        return _clean_image(connection, path, position)


def read_adversarial(path: Path, model: int, position: int) -> Floats | None:
    """The adversarial image that broke `model` at `position`, float32 [C,H,W] in [0,1]; None where none is kept."""
    with reading(path) as connection:
        query = "SELECT image FROM adversarial WHERE model = ? AND position = ?"
        row = connection.execute(query, (model, position)).fetchone()
        return None if row is None else unpack_adversarial(row[0], as_floats(_clean_image(connection, path, position)))


def read_logits_at(path: Path, model: int, position: int) -> tuple[Floats | None, Floats | None]:
    """The sample's logits [C], on the clean image and on the worst verified one; None where there are none."""
    with reading(path) as connection:
        clean, worst = (
            connection.execute(
                f"SELECT logits FROM {table} WHERE model = ? AND position = ?", (model, position)
            ).fetchone()
            for table in ("clean", "outcome")
        )
        return _logits(clean), _logits(worst)


def _clean_image(connection: sqlite3.Connection, path: Path, position: int) -> NDArray[np.uint8] | Floats:
    data = DataInfo.from_dict(read_value(connection, "data"))
    row = connection.execute("SELECT image FROM image WHERE position = ?", (position,)).fetchone()
    if row is None:
        raise RunFileError(f"{path}: has no sample {position}")
    return unpack_image(row[0], data.shape, data.dtype)


def _logits(row: tuple[bytes] | None) -> Floats | None:
    return None if row is None else np.frombuffer(row[0], np.float32)
