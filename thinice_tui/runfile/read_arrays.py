"""Images and logits of many samples of a run file at once, for Python and for verification."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.protocol.pixels import as_floats
from thinice_tui.runfile.blobs import read_logits, unpack_adversarial, unpack_image
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.records import Floats, Integers
from thinice_tui.runfile.run_info import DataInfo
from thinice_tui.runfile.run_table import read_value

Images = NDArray[np.uint8] | Floats
LogitPair = tuple[Floats, Floats]
"""Logits [n,C] on the clean images, and on the worst verified adversarial ones; NaN where there are none."""


def read_images(path: Path, positions: Integers) -> Images:
    """The clean images at `positions` [k], as stored: [k,C,H,W], uint8 in [0,255] or float32 in [0,1].

    Raises RunFileError.
    """
    with reading(path) as connection:
        data = DataInfo.from_dict(read_value(connection, "data"))
        found: list[Any] = list(_clean_images(connection, data, positions))
        images: Images = np.stack(found) if found else np.empty((0, *data.shape), data.dtype)
        return images


def adversarial_positions(path: Path, model: int) -> Integers:
    """Positions of the samples whose adversarial image against the model numbered `model` is kept, ascending, [k].

    Raises RunFileError.
    """
    with reading(path) as connection:
        query = "SELECT position FROM adversarial WHERE model = ? ORDER BY position"
        return np.array([row[0] for row in connection.execute(query, (model,))], dtype=np.int64)


def read_adversarial_images(path: Path, model: int, positions: Integers) -> Floats:
    """The adversarial images that are kept at `positions` [k], float32 [k,C,H,W] in [0,1]; raises RunFileError."""
    with reading(path) as connection:
        data = DataInfo.from_dict(read_value(connection, "data"))
        query = "SELECT image FROM adversarial WHERE model = ? AND position = ?"
        found = []
        for clean, position in zip(_clean_images(connection, data, positions), positions.tolist(), strict=True):
            row = connection.execute(query, (model, position)).fetchone()
            if row is None:
                raise LookupError(f"no adversarial image of sample {position}")
            found.append(unpack_adversarial(row[0], as_floats(clean)))
        return np.stack(found) if found else np.empty((0, *data.shape), np.float32)


def read_logit_pairs(connection: sqlite3.Connection, models: range, shape: tuple[int, int]) -> dict[int, LogitPair]:
    """Both logits, float32 of that shape, of each of the models, by number."""
    return {
        model: (read_logits(connection, "clean", model, shape), read_logits(connection, "outcome", model, shape))
        for model in models
    }


def _clean_images(connection: sqlite3.Connection, data: DataInfo, positions: Integers) -> Iterator[Images]:
    for position in positions.tolist():
        row = connection.execute("SELECT image FROM image WHERE position = ?", (position,)).fetchone()
        if row is None:
            raise LookupError(f"no image of sample {position}")
        yield unpack_image(row[0], data.shape, data.dtype)
