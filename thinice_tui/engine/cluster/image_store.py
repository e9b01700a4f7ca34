"""The clean images as the workers see them: sent once to each machine, however many tasks need them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.samples import Samples
from thinice_tui.protocol.pixels import as_floats

CHUNK_BYTES = 2**18
"""About how large a piece is in which images are sent, at least one image: a batch of late stages needs few samples of
many pieces. Photographs are sent one by one."""


@dataclass(frozen=True)
class ImageRows:
    """Where the images of some samples are: of each, the piece and its row there. pieces: references, by number."""

    pieces: dict[int, Any]
    numbers: NDArray[np.int64]
    rows: NDArray[np.int64]

    def images(self, get: Callable[[list[Any]], list[NDArray[np.generic]]]) -> NDArray[np.float32]:
        """The images, float32 [b,C,H,W] in [0,1]. get: from references to pieces."""
        arrays = dict(zip(self.pieces, get(list(self.pieces.values())), strict=True))
        return as_floats(np.stack([arrays[number][row] for number, row in zip(self.numbers, self.rows, strict=True)]))


class ImageStore:
    """Puts pieces of the data where workers find them, each when it is first needed."""

    def __init__(self, samples: Samples, put: Callable[[NDArray[np.generic]], Any]) -> None:
        """put: from a piece, images as stored [k,C,H,W], to its reference."""
        self._samples, self._put = samples, put
        one = int(np.prod(samples.images.shape[1:])) * samples.images.dtype.itemsize
        self._size = max(1, CHUNK_BYTES // max(one, 1))
        self._pieces: dict[int, Any] = {}

    def rows(self, positions: NDArray[np.int64]) -> ImageRows:
        """Where the images at `positions` [b] are."""
        numbers, rows = np.divmod(positions, self._size)
        pieces = {int(number): self._piece(int(number)) for number in np.unique(numbers)}
        return ImageRows(pieces, numbers, rows)

    def _piece(self, number: int) -> Any:
        if number not in self._pieces:
            first = number * self._size
            stored = self._samples.images[first : min(first + self._size, len(self._samples))]
            self._pieces[number] = self._put(np.ascontiguousarray(stored))
        return self._pieces[number]
