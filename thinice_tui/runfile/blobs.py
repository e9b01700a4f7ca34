"""Arrays as a run file stores them: logits, clean images and adversarial images."""

import sqlite3
import zlib
from typing import Literal

import numpy as np
from numpy.typing import NDArray


def read_logits(
    connection: sqlite3.Connection, table: Literal["clean", "outcome"], model: int, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """The logits that `table` holds of `model`, float32 [samples, classes] of that shape; NaN where there are none."""
    logits = np.full(shape, np.nan, dtype=np.float32)
    for position, blob in connection.execute(f"SELECT position, logits FROM {table} WHERE model = ?", (model,)):
        logits[position] = np.frombuffer(blob, dtype=np.float32)
    return logits


def pack_image(image: NDArray[np.generic]) -> bytes:
    """A clean image, compressed."""
    return zlib.compress(image.tobytes(), 1)


def unpack_image(blob: bytes, shape: tuple[int, ...], dtype: str) -> NDArray[np.uint8] | NDArray[np.float32]:
    """The image that `pack_image` was given, of that shape and dtype.

    Raises ValueError where dtype is none that a run has, or the blob is of another size. A blob that claims more than
    the shape needs is decompressed no further.
    """
    if dtype not in ("uint8", "float32"):
        raise ValueError(f"images of type {dtype}")
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    image: NDArray[np.uint8] | NDArray[np.float32]
    image = np.frombuffer(zlib.decompressobj().decompress(blob, size), dtype=dtype).reshape(shape)
    return image


def pack_adversarial(image: NDArray[np.float32], clean: NDArray[np.float32]) -> bytes:
    """The bits in which an adversarial image differs from the clean one, compressed: two thirds of its own size."""
    return zlib.compress((_bits(image) ^ _bits(clean)).tobytes(), 6)


def unpack_adversarial(blob: bytes, clean: NDArray[np.float32]) -> NDArray[np.float32]:
    """The image that `pack_adversarial` was given, float32 of the shape of `clean`; raises ValueError for another size.

    A blob that claims more than the shape needs is decompressed no further.
    """
    changed = np.frombuffer(zlib.decompressobj().decompress(blob, clean.nbytes), np.uint32)
    return (changed.reshape(clean.shape) ^ _bits(clean)).view(np.float32)


def _bits(image: NDArray[np.float32]) -> NDArray[np.uint32]:
    return np.ascontiguousarray(image, dtype=np.float32).view(np.uint32)
