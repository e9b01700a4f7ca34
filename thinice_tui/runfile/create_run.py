"""A new run file's first rows: tables, plan, models, samples and their images."""

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from thinice_tui.runfile.blobs import pack_image
from thinice_tui.runfile.records import Integers, ModelRecord, RunPlan
from thinice_tui.runfile.run_table import write_values
from thinice_tui.runfile.schema import APPLICATION_ID, TABLES, VERSION, VIEWS


def create_run(
    connection: sqlite3.Connection,
    plan: RunPlan,
    models: Sequence[ModelRecord],
    labels: Integers,
    indices: Integers,
    images: Iterable[NDArray[np.generic]],
) -> None:
    """Write all of it, in the caller's transaction. labels, indices: [n]; images: [C,H,W] each, in their order."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    create_views(connection)
    write_values(connection, **{"identity": plan.identity, "created": time.time(), "finished": None, **plan.table})
    for number, model in enumerate(models):
        row = asdict(model) | {"id": number, "layers": json.dumps([asdict(layer) for layer in model.layers])}
        marks = ", ".join(f":{name}" for name in row)
        connection.execute(f"INSERT INTO model ({', '.join(row)}) VALUES ({marks})", row)
    connection.executemany(
        "INSERT INTO sample VALUES (?, ?, ?)", zip(range(len(labels)), indices.tolist(), labels.tolist(), strict=True)
    )
    connection.executemany(
        "INSERT INTO image VALUES (?, ?)", ((position, pack_image(image)) for position, image in enumerate(images))
    )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def create_views(connection: sqlite3.Connection) -> None:
    """Create the views that the file lacks, in the caller's transaction."""
    for statement in VIEWS:
        connection.execute(statement)
