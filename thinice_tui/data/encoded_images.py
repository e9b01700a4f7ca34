"""Encoded images (PNG, JPEG, …) as an array that decodes them when they are read, and keeps what fits into memory."""

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import cached_property
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.decode_pool import decode_all, in_background
from thinice_tui.data.decoding import Geometry, decode_image
from thinice_tui.data.disk_arrays import Positions
from thinice_tui.data.image_cache import ImageCache
from thinice_tui.errors import DataError

NamedStreams = Iterator[tuple[str, BinaryIO]]


class EncodedImages:
    """Images uint8 [n,C,H,W] of one size after `geometry`, decoded when they are first read, several at once.

    open_at: yields for rows [b] the name and stream of each image in turn. The first image sets the size when it is
    needed; any image of another size raises a DataError that asks for --resize and --crop.
    """

    def __init__(
        self,
        rows: NDArray[np.int64],
        open_at: Callable[[NDArray[np.int64]], NamedStreams],
        geometry: Geometry,
        size: tuple[int, ...] = (),
        cache: ImageCache | None = None,
        reading: "threading.Lock | None" = None,
    ) -> None:
        """rows: [n], the rows of `open_at` that these images are; size: [C,H,W]; empty: that of the first image.

        cache: None: one of their own. reading: held while `open_at` is gone through; None: one of their own.
        """
        self._rows, self._open_at, self._geometry, self._size = rows, open_at, geometry, size
        self._cache, self._reading = cache or ImageCache(), reading or threading.Lock()
        self._ahead: tuple[NDArray[np.int64], Future[NDArray[np.uint8]]] | None = None
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self._rows)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """[n,C,H,W]; decodes the first image, and raises DataError where that fails."""
        return (len(self), *self._first[1])

    def select(self, positions: NDArray[np.int64]) -> "EncodedImages":
        """The images at `positions`, in that order; no other image is opened."""
        return EncodedImages(
            self._rows[positions], self._open_at, self._geometry, self._size, self._cache, self._reading
        )

    def with_size(self, size: tuple[int, ...]) -> "EncodedImages":
        """The same images with a known size [C,H,W], for which the first one is not decoded; none is kept."""
        return EncodedImages(self._rows, self._open_at, self._geometry, size, ImageCache(0), self._reading)

    def read_ahead(self, positions: NDArray[np.int64]) -> None:
        """Decode the images at `positions` meanwhile: they are asked for next."""
        rows = self._rows[positions]
        if self._ahead is None and len(self._cache.missing(rows)):
            self._ahead = rows, in_background(lambda: self._read(rows))

    def __getitem__(self, positions: Positions) -> NDArray[Any]:
        rows = self._rows[positions]
        if self._ahead is not None:
            (expected, images), self._ahead = self._ahead, None
            if np.array_equal(expected, rows):
                return images.result()
        return self._read(rows)

    def _read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        first, size = self._first
        found = np.empty((len(rows), *size), dtype=np.uint8)
        missing = self._cache.copy_into(found, rows)

        def decode(encoded: tuple[int, tuple[str, BinaryIO]]) -> None:
            at, (name, stream) = encoded
            with stream:
                image = decode_image(stream, name, self._geometry)
            if image.shape != size:
                raise DataError(
                    f"images differ in size: {first} is {_size(size)}, {name} is {_size(image.shape)}",
                    "give the size that the model takes, with --resize N (the shorter side) and --crop N (the centre); "
                    "for ImageNet models that is often --resize 256 --crop 224",
                )
            found[at] = image

        with self._reading:
            decode_all(decode, zip(missing.tolist(), self._open_at(rows[missing]), strict=True))
            for at in missing.tolist():
                self._cache.add(int(rows[at]), found[at].copy())
        return found

    @cached_property
    def _first(self) -> tuple[str, tuple[int, ...]]:
        """Name and shape of the first image; where the size is known, no image is opened."""
        if self._size:
            return "one of them", self._size
        ((name, stream),) = self._open_at(self._rows[:1])
        with stream:
            return name, decode_image(stream, name, self._geometry).shape


def byte_streams(pairs: Iterator[tuple[str, bytes]]) -> NamedStreams:
    """Names and streams of bytes in memory."""
    return ((name, io.BytesIO(content)) for name, content in pairs)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[2]} × {shape[1]}"
