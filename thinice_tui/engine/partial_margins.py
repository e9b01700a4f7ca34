"""Margins that are measured so far, in a small file that a later call goes on from."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import numpy as np

from thinice_tui.errors import DataError
from thinice_tui.report.array_file import read_npz_arrays, write_npz_arrays
from thinice_tui.runfile.records import Floats, Integers

SUFFIX = ".partial"
"""Added to the output's name."""
EXPECTED = "margins that are measured so far"


class PartialMargins:
    """Margins and predictions by position, as far as they are known. A context manager that saves them at its end."""

    def __init__(self, path: Path, identity: Mapping[str, str], margins: Floats, predictions: Integers) -> None:
        """margins: float32 [n], NaN where not measured yet; predictions: int64 [n], −1 there."""
        self._path, self._identity = path, dict(identity)
        self.margins, self.predictions = margins, predictions

    @classmethod
    def open(cls, path: Path, identity: Mapping[str, str], n: int) -> "PartialMargins":
        """What `path` holds of n samples; nothing where it is not there. identity: of model and data.

        Raises DataError where it is of another model or other data, or not readable.
        """
        if not path.exists():
            return cls(path, identity, np.full(n, np.nan, np.float32), np.full(n, -1, np.int64))
        remedy = "remove it, or give another name with -o"
        try:
            found, about = read_npz_arrays(path, EXPECTED)
        except DataError as error:
            raise DataError(error.what, remedy) from error
        if about.get("identity") != dict(identity):
            raise DataError(f"{path}: holds {EXPECTED} of another model, or on other data", remedy)
        margins, predictions = found.get("margin"), found.get("prediction")
        if margins is None or predictions is None or margins.shape != (n,) or predictions.shape != (n,):
            raise DataError(f"{path}: is damaged", remedy)
        return cls(path, identity, margins.copy(), predictions.copy())

    @property
    def count(self) -> int:
        """Samples that are done."""
        return int((self.predictions >= 0).sum())

    def missing(self) -> Integers:
        """Positions that are not done, ascending."""
        return np.flatnonzero(self.predictions < 0)

    def add(self, positions: Integers, margins: Floats, predictions: Integers) -> None:
        """Add what was measured at `positions` [b]."""
        self.margins[positions], self.predictions[positions] = margins, predictions

    def save(self) -> None:
        """Write what is done; raises ThiniceError."""
        columns: dict[str, Floats | Integers] = {"margin": self.margins, "prediction": self.predictions}
        write_npz_arrays(self._path, columns, {"identity": self._identity})

    def __enter__(self) -> "PartialMargins":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.count:
            self.save()
