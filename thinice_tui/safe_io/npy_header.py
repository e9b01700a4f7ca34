"""The header of NumPy's .npy format: shape, order and type, read without unpickling anything."""

from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from thinice_tui.errors import DataError, ThiniceError, reason


@dataclass(frozen=True)
class NpyHeader:
    """What an .npy says of its array."""

    shape: tuple[int, ...]
    fortran: bool
    """Whether the numbers are in column-major order."""
    dtype: np.dtype[Any]


def read_npy_header(
    stream: BinaryIO, name: str, error: type[ThiniceError] = DataError, allow_objects: bool = False
) -> NpyHeader:
    """Read the header of an .npy; afterwards the stream is at the array's first byte.

    name: the file, for messages. allow_objects: whether the content may be a pickle of objects. Raises `error` for
    anything else than an array of numbers or text.
    """
    try:
        version = npy.read_magic(stream)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
        if read is None:
            raise ValueError(f"version {version} holds records")
        shape, fortran, dtype = read(stream)
    except Exception as caught:  # NumPy parses the header as Python text: a damaged one raises nearly anything
        raise error(
            f"{name}: is no whole NumPy array ({reason(caught)})",
            "expected an array written by numpy.save or numpy.savez",
        ) from caught
    if dtype.hasobject and not allow_objects:
        raise error(
            f"{name}: holds Python objects, and reading them would run code",
            "thinice-tui runs no code of a file. Where you trust it, load it yourself and save plain arrays: "
            "numpy.array(images, dtype='uint8'), numpy.array(labels, dtype='int64')",
        )
    if dtype.itemsize == 0 or dtype.names is not None or any(size < 0 for size in shape):
        raise error(f"{name}: is an array of {dtype} and shape {shape}", "expected plain numbers or text")
    return NpyHeader(tuple(int(size) for size in shape), fortran, dtype)
