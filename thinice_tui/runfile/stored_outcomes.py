"""What a run file already holds, for the engine that continues it."""

import sqlite3
from collections.abc import Sequence

import numpy as np

from thinice_tui.runfile.blobs import read_logits, unpack_adversarial
from thinice_tui.runfile.records import Floats, Integers
from thinice_tui.runfile.run_table import read_value


class StoredOutcomes:
    """Read through the writer's own connection. Models are numbered in the plan's order."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sqlite = connection

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._sqlite

    def value(self, key: str) -> object:
        """A value of the run table; None where there is none."""
        found: object = read_value(self._connection, key)
        return found

    def clean_logits(self, model: int, count: int, classes: int) -> Floats:
        """Logits on the clean images, float32 [count, classes]; NaN where not computed yet."""
        return read_logits(self._connection, "clean", model, (count, classes))

    def worst_logits(self, model: int, count: int, classes: int) -> Floats:
        """Logits on each sample's worst verified image, float32 [count, classes]; NaN where there is none."""
        return read_logits(self._connection, "outcome", model, (count, classes))

    def broken_by(self, model: int, count: int) -> Integers:
        """The ordinal of the stage that broke each sample, int64 [count]; −1 while none has."""
        broken = np.full(count, -1, dtype=np.int64)
        rows = self._connection.execute(
            "SELECT position, broken_by FROM outcome WHERE model = ? AND broken_by IS NOT NULL", (model,)
        )
        for position, ordinal in rows:
            broken[position] = ordinal
        return broken

    def adversarial(self, model: int, positions: Integers, clean: Floats) -> Floats:
        """The images that broke `model` at `positions` [b], float32 [b,C,H,W]; those of `clean` where none is kept."""
        images, query = clean.copy(), "SELECT image FROM adversarial WHERE model = ? AND position = ?"
        for i, position in enumerate(positions):
            if (row := self._connection.execute(query, (model, int(position))).fetchone()) is not None:
                images[i] = unpack_adversarial(row[0], clean[i])
        return images

    def adversarial_positions(self, model: int) -> Integers:
        """Where an image that broke `model` is kept, int64 [k], in ascending order."""
        query = "SELECT position FROM adversarial WHERE model = ? ORDER BY position"
        return np.array([position for (position,) in self._connection.execute(query, (model,))], dtype=np.int64)

    def batches_done(self, model: int, ordinal: int) -> dict[int, int]:
        """The batches of that stage that are done: samples, by the place of the first among those that entered."""
        query = "SELECT first, samples FROM batch WHERE model = ? AND ordinal = ?"
        return dict(self._connection.execute(query, (model, ordinal)).fetchall())

    def forwards(self, model: int, ordinals: Sequence[int]) -> int:
        """Images passed forward in these stages, in the batches that are done."""
        marks = ", ".join("?" * len(ordinals))
        query = f"SELECT coalesce(sum(forwards), 0) FROM batch WHERE model = ? AND ordinal IN ({marks})"
        (count,) = self._connection.execute(query, (model, *ordinals)).fetchone()
        return int(count)

    def last_added(self) -> int:
        """The number of the last batch that was added, over all models and stages; 0 before the first."""
        (added,) = self._connection.execute("SELECT coalesce(max(added), 0) FROM outcome").fetchone()
        return int(added)
