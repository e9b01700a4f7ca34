"""Pickles of dicts, lists, numbers, text and NumPy arrays, read without running any code of the file.

CIFAR's batches and mask files are such pickles. A file never gets a NumPy type or array to act on: a state that it
gives to a real `numpy.dtype` can corrupt memory, and a call of `numpy.ndarray` can allocate any amount.
"""

import io
import math
import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import ThiniceError, reason
from thinice_tui.safe_io.limits import check_fits, file_size

_OPCODES = """
PROTO FRAME STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4
FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 UNICODE BINUNICODE
SHORT_BINUNICODE BINUNICODE8 EMPTY_LIST APPEND APPENDS LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3
EMPTY_DICT DICT SETITEM SETITEMS PUT BINPUT LONG_BINPUT MEMOIZE GET BINGET LONG_BINGET
GLOBAL STACK_GLOBAL REDUCE BUILD
"""
"""The opcodes that dicts, lists, numbers, text and NumPy arrays need."""
_NUMBERS = ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "b1")
_OBJECTS = ("O4", "O8")
"""NumPy's name of an array of objects; its content is a list."""
_MEMORY_FACTOR = 3
"""Memory that reading takes, in sizes of the file: its bytes, the unpickled bytes, and slack."""


class _RefusedError(pickle.UnpicklingError):
    """The pickle holds more than arrays, dicts, lists, numbers and text."""


class _NdarrayMarker:
    """Stand-in for numpy.ndarray, which a file passes to `_reconstruct`; it cannot be called."""

    __slots__ = ()


class _Dtype:
    """Stand-in for a `numpy.dtype` of numbers or objects."""

    __slots__ = ("type",)

    def __init__(self, name: str) -> None:
        self.type = np.dtype(name)

    def __setstate__(self, state: object) -> None:
        order = as_text(state[1]) if isinstance(state, tuple) and len(state) > 1 else ""
        if order not in ("|", "<", ">", "="):
            raise _RefusedError("it defines a NumPy type of its own")
        self.type = np.dtype(order + self.type.str[1:])


class _Array:
    """Stand-in for an array until its state comes: (version, shape, dtype, in Fortran order, bytes or list)."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: NDArray[Any] | list[object] = np.empty(0)

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[2], _Dtype):
            raise _RefusedError("it builds an array in an unknown way")
        _, shape, dtype, fortran, content = state
        if not dtype.type.hasobject:
            self.value = np.frombuffer(content, dtype.type).reshape(shape, order="F" if fortran else "C")
        elif isinstance(content, list) and math.prod(shape) == len(content):
            self.value = content
        else:
            raise _RefusedError(f"it builds an array of objects of shape {shape} from other content")


# Callables without a __dict__ and with empty slots: a file can set no attributes of them.


class _MakeArray:
    """`_reconstruct(ndarray, (0,), b"b")`."""

    __slots__ = ()

    def __call__(self, kind: object, *_: object) -> _Array:
        if not isinstance(kind, _NdarrayMarker):
            raise _RefusedError("it builds an array in an unknown way")
        return _Array()


class _MakeDtype:
    """`dtype("u1", False, True)`."""

    __slots__ = ()

    def __call__(self, name: object, *_: object) -> _Dtype:
        if as_text(name) not in (*_NUMBERS, *_OBJECTS):
            raise _RefusedError(f"it builds an array of {as_text(name)[:40]!r}")
        return _Dtype(as_text(name))


class _MakeDict:
    """`OrderedDict()`."""

    __slots__ = ()

    def __call__(self) -> dict[object, object]:
        return {}


class _Encode:
    """`_codecs.encode(text, "latin1")`: how protocol 2 writes bytes. No other codec is allowed."""

    __slots__ = ()

    def __call__(self, written: object, encoding: object = "latin1") -> bytes:
        if not isinstance(written, str) or as_text(encoding) != "latin1":
            raise _RefusedError("it names another codec than latin1")
        return written.encode("latin1")


_ALLOWED: dict[tuple[str, str], type[object]] = {
    ("numpy.core.multiarray", "_reconstruct"): _MakeArray,
    ("numpy._core.multiarray", "_reconstruct"): _MakeArray,
    ("numpy", "ndarray"): _NdarrayMarker,
    ("numpy", "dtype"): _MakeDtype,
    ("collections", "OrderedDict"): _MakeDict,
    ("_codecs", "encode"): _Encode,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """A stand-in; never an import."""
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]()
        raise _RefusedError(f"it wants to run {module}.{name}")


def read_pickle(path: Path, expected: str, error: type[ThiniceError], offset: int = 0) -> object:
    """The content of the pickle that begins at `offset` in `path`, without running code of it.

    Byte strings of Python 2 come as bytes, and an array of objects as the flat list of its elements. Raises `error`
    for whatever else is in it, for damaged files, and where it would not fit into memory; expected: what the file
    should be, for the message.
    """
    check_fits(str(path), (file_size(path, error) - offset) * _MEMORY_FACTOR, f"expected {expected}", error)
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            raw = stream.read()
        _check_opcodes(raw)
        content: object = _Unpickler(io.BytesIO(raw), encoding="bytes").load()
    except Exception as caught:  # a damaged pickle raises nearly anything
        said = str(caught) if isinstance(caught, _RefusedError) else reason(caught)
        raise error(f"{path}: cannot be read safely ({said})", f"expected {expected}") from caught
    return _with_arrays(content)


def _check_opcodes(raw: bytes) -> None:
    """Raise _RefusedError for an opcode that builds other objects, or that names a memo slot beyond the file's size.

    C's unpickler allocates all slots before the one that is named.
    """
    allowed = frozenset(_OPCODES.split())
    for opcode, argument, _ in pickletools.genops(raw):
        if opcode.name not in allowed:
            raise _RefusedError(f"it uses the opcode {opcode.name}")
        if opcode.name in ("PUT", "LONG_BINPUT") and not 0 <= int(argument or 0) <= len(raw):
            raise _RefusedError(f"it claims {argument} objects")


def _with_arrays(content: object) -> object:
    """`content` with arrays in place of their stand-ins.

    Lists and dicts are changed in place and visited once: those that are shared do not multiply.
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
            if isinstance(value, _Array):
                value = part[key] = value.value
            if isinstance(value, dict | list):
                left.append(value)
    return outer[0]


def as_text(value: object) -> str:
    """Bytes or text as text; anything else, which may be huge when written out, as the name of its type."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else type(value).__name__
