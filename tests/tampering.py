"""A finished run of the small linear models with all adversarial images, and changes of its file."""

import sqlite3
import zlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tests.engine_runs import request, run_it
from tests.linear_models import CLASSES, SHAPE, write_files
from thinice_tui.protocol.margins import logit_margin
from thinice_tui.runfile.read_arrays import adversarial_positions, read_adversarial_images, read_images
from thinice_tui.runfile.reader import read_run

RUN = "run.thinice"


def write_run_and_models(folder: Path) -> Path:
    """The run file RUN in the folder, beside its models and data."""
    path = folder / RUN
    run_it(request(write_files(folder), path, folder=folder))
    return path


def execute(path: Path, statement: str, *values: object) -> None:
    """Change the run file by SQL."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement, values)
    connection.close()


def set_setting(path: Path, key: str, value: str) -> None:
    """Change a JSON value in the run's request, by its path in it."""
    execute(path, f"UPDATE run SET value = json_set(value, '{key}', json(?)) WHERE key = 'request'", value)


def change_image(path: Path, model: int, change: NDArray[np.float32]) -> int:
    """Add `change` to the first adversarial image of a model; returns its position."""
    position = adversarial_positions(path, model)[:1]
    clean = read_images(path, position)[0].astype(np.float32) / np.float32(255)
    image = (read_adversarial_images(path, model, position)[0] + change).astype(np.float32)
    blob = zlib.compress((image.view(np.uint32) ^ clean.view(np.uint32)).tobytes())
    where = "WHERE model = ? AND position = ?"
    execute(path, f"UPDATE adversarial SET image = ? {where}", blob, model, int(position[0]))
    return int(position[0])


def change_logits(path: Path, table: str, model: int, position: int, by: float) -> None:
    """Add `by` to one logit of a sample."""
    connection = sqlite3.connect(path)
    where = "WHERE model = ? AND position = ?"
    (blob,) = connection.execute(f"SELECT logits FROM {table} {where}", (model, position)).fetchone()
    logits = np.frombuffer(blob, np.float32).copy()
    assert len(logits) == CLASSES
    logits[0] += by
    with connection:
        connection.execute(f"UPDATE {table} SET logits = ? {where}", (logits.tobytes(), model, position))
    connection.close()


def put_at_boundary(path: Path, network: nn.Module, margin: float) -> int:
    """Move the dense model's first adversarial image towards the clean one, until its margin is just below `margin`.

    Its stored logits and distance follow; returns its position.
    """
    position = adversarial_positions(path, 0)[:1]
    clean = read_images(path, position).astype(np.float32) / np.float32(255)
    image, label = read_adversarial_images(path, 0, position), read_run(path).labels[position]
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        point = (clean + np.float32(middle) * (image - clean)).astype(np.float32)
        logits = network(torch.from_numpy(point)).detach().numpy()
        low, high = (low, middle) if logit_margin(logits, label)[0] < margin else (middle, high)
    point = (clean + np.float32(high) * (image - clean)).astype(np.float32)
    logits = network(torch.from_numpy(point)).detach().numpy()
    change_image(path, 0, point[0] - image[0])
    kept = read_adversarial_images(path, 0, position)
    distance = float(np.abs(kept.astype(np.float64) - clean).max())
    statement = "UPDATE outcome SET logits = ?, distance = ? WHERE model = 0 AND position = ?"
    execute(path, statement, logits[0].tobytes(), distance, int(position[0]))
    return int(position[0])


def zeros() -> NDArray[np.float32]:
    return np.zeros(SHAPE, np.float32)
