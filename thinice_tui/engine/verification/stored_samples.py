"""The samples that a run file holds, as samples of a data set."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.disk_arrays import Positions
from thinice_tui.data.samples import Samples
from thinice_tui.runfile.read_arrays import read_images
from thinice_tui.runfile.records import Run


class StoredRunImages:
    """The clean images of a run file, [n,C,H,W] as stored, read at each access; raises RunFileError."""

    def __init__(self, run: Run) -> None:
        self._path = Path(run.path)
        self.shape = (len(run.labels), *run.info.data.shape)
        self.dtype: np.dtype[Any] = np.dtype(run.info.data.dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, positions: Positions) -> NDArray[Any]:
        rows = np.arange(*positions.indices(len(self))) if isinstance(positions, slice) else positions
        return read_images(self._path, rows)


def stored_samples(run: Run) -> Samples:
    """The samples of `run`; their fingerprint is that of its data, unless one of them was changed."""
    return Samples(StoredRunImages(run), run.labels, run.indices, run.class_names, run.info.data.source)
