"""Stand-ins for NumPy's types in a pickle: they build arrays and numbers without letting the file act on NumPy.

A file never gets a NumPy type or array to act on: a state that it gives to a real `numpy.dtype` can corrupt memory, and
a call of `numpy.ndarray` can allocate any amount. What a stand-in builds is a view of bytes in the file.
"""

import math
import pickle
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NUMBERS = ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16", "b1")
_OBJECTS = ("O4", "O8")
"""NumPy's name of an array of objects; its content is a list."""
_TEXT = re.compile(r"[US]\d{1,5}")
"""NumPy's names of text of a fixed length."""


class RefusedError(pickle.UnpicklingError):
    """The pickle holds more than arrays, dicts, lists, numbers and text."""


class Marker:
    """Stand-in for a class that a file only names, as numpy.ndarray for `_reconstruct`; it cannot be called."""

    __slots__ = ()


class Dtype:
    """Stand-in for a `numpy.dtype` of numbers, text or objects."""

    __slots__ = ("type",)

    def __init__(self, name: str = "u1") -> None:
        self.type: np.dtype[Any] = np.dtype(name)

    def __setstate__(self, state: object) -> None:
        order = as_text(state[1]) if isinstance(state, tuple) and len(state) > 1 else ""
        if order not in ("|", "<", ">", "="):
            raise RefusedError("it defines a NumPy type of its own")
        self.type = np.dtype(order + self.type.str[1:])


class Array:
    """Stand-in for an array until its state comes: (version, shape, dtype, in Fortran order, bytes or list)."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: NDArray[Any] | list[object] = np.empty(0)

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[2], Dtype):
            raise RefusedError("it builds an array in an unknown way")
        _, shape, dtype, fortran, content = state
        if not dtype.type.hasobject:
            self.value = np.frombuffer(content, dtype.type).reshape(shape, order="F" if fortran else "C")
        elif isinstance(content, list) and math.prod(shape) == len(content):
            self.value = content
        else:
            raise RefusedError(f"it builds an array of objects of shape {shape} from other content")


# Callables without a __dict__ and with empty slots: a file can set no attributes of them.


class MakeArray:
    """`_reconstruct(ndarray, (0,), b"b")`."""

    __slots__ = ()

    def __call__(self, kind: object, *_: object) -> Array:
        if not isinstance(kind, Marker):
            raise RefusedError("it builds an array in an unknown way")
        return Array()


class MakeArrayOfBuffer:
    """`_frombuffer(bytes, dtype, shape, "C")`: an array of protocol 5."""

    __slots__ = ()

    def __call__(self, content: object, dtype: object, shape: object, order: object = "C") -> Array:
        array = Array()
        array.__setstate__((1, shape, dtype, as_text(order) == "F", content))
        return array


class MakeDtype:
    """`dtype("u1", False, True)`."""

    __slots__ = ()

    def __call__(self, name: object, *_: object) -> Dtype:
        text = as_text(name)
        if text not in (*_NUMBERS, *_OBJECTS) and not _TEXT.fullmatch(text):
            raise RefusedError(f"it builds an array of {text[:40]!r}")
        return Dtype(text)


class MakeScalar:
    """`scalar(dtype, bytes)`: one of NumPy's numbers, or `numpy.str_`; comes as Python's own."""

    __slots__ = ()

    def __call__(self, dtype: object, content: object) -> object:
        if not isinstance(dtype, Dtype) or not isinstance(content, bytes) or dtype.type.hasobject:
            raise RefusedError("it builds a number in an unknown way")
        if dtype.type.itemsize == 0:
            return ""
        (value,) = np.frombuffer(content, dtype.type).tolist()
        return value


class MakeDict:
    """`OrderedDict()`, `defaultdict(list)`: a plain dict."""

    __slots__ = ()

    def __call__(self, *default: object) -> dict[object, object]:
        if any(not isinstance(part, Marker) and part is not None for part in default):
            raise RefusedError("it builds a dict in an unknown way")
        return {}


class Encode:
    """`_codecs.encode(text, "latin1")`: how protocol 2 writes bytes. No other codec is allowed."""

    __slots__ = ()

    def __call__(self, written: object, encoding: object = "latin1") -> bytes:
        if not isinstance(written, str) or as_text(encoding) != "latin1":
            raise RefusedError("it names another codec than latin1")
        return written.encode("latin1")


class MakeBytes:
    """`bytes()`: how protocol 2 writes no bytes, as of an empty array."""

    __slots__ = ()

    def __call__(self) -> bytes:
        return b""


_MARKERS = ("numpy.ndarray", "builtins.list", "builtins.dict", "builtins.int", "builtins.float", "builtins.set")
_CORES = ("numpy.core", "numpy._core")
"""Where NumPy 1 and NumPy 2 have their functions."""
NUMPY_STAND_INS: dict[str, object] = {
    **{f"{core}.multiarray._reconstruct": MakeArray() for core in _CORES},
    **{f"{core}.multiarray.scalar": MakeScalar() for core in _CORES},
    **{f"{core}.numeric._frombuffer": MakeArrayOfBuffer() for core in _CORES},
    "numpy.ndarray": Marker(),
    "numpy.dtype": MakeDtype(),
}
"""By the full names in a pickle."""
STAND_INS: dict[str, object] = {
    **{name: Marker() for name in _MARKERS},
    **NUMPY_STAND_INS,
    "collections.OrderedDict": MakeDict(),
    "collections.defaultdict": MakeDict(),
    "_codecs.encode": Encode(),
    "builtins.bytes": MakeBytes(),
}
"""Everything that pickles of arrays, dicts, lists, numbers and text name."""
BUILT = (Array, Dtype)
"""The stand-ins that a pickle gives a state."""


def with_arrays(content: object) -> object:
    """`content` with arrays in place of their stand-ins.

    Lists and dicts are changed in place and visited once: those that are shared do not multiply. Tuples that hold
    arrays are replaced.
    """
    outer: list[object] = [content]
    left: list[Any] = [outer]
    seen: set[int] = set()
    while left:
        part = left.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        for key, value in list(part.items() if isinstance(part, dict) else enumerate(part)):
            if isinstance(value, Array):
                value = value.value
            elif isinstance(value, tuple) and any(isinstance(item, Array) for item in value):
                value = tuple(item.value if isinstance(item, Array) else item for item in value)
            if not isinstance(part, tuple):
                part[key] = value
            if isinstance(value, dict | list | tuple):
                left.append(value)
    return outer[0]


def as_text(value: object) -> str:
    """Bytes or text as text; anything else, which may be huge when written out, as the name of its type."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else type(value).__name__
