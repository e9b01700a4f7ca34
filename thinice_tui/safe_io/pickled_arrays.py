"""Pickles of dicts, lists, numbers, text and NumPy arrays, as the CIFAR files are. No code of theirs is run."""

import io
import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np

from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import check_not_another_kind, first_bytes, kind, reason
from thinice_tui.safe_io.limits import check_fits

_OPCODES = """
PROTO FRAME STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4
FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 UNICODE BINUNICODE
SHORT_BINUNICODE BINUNICODE8 EMPTY_LIST APPEND APPENDS LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3
EMPTY_DICT DICT SETITEM SETITEMS PUT BINPUT LONG_BINPUT MEMOIZE GET BINGET LONG_BINGET
GLOBAL STACK_GLOBAL REDUCE BUILD
"""
"""Those of dicts, lists, numbers, text and NumPy arrays."""


class _Mark:
    """Stands for numpy.ndarray, which called with a shape would allocate whatever a file asks for."""

    __slots__ = ()


class _Dtype:
    """Stands for one of NumPy's number types; the state that a file gives a real one can corrupt memory."""

    __slots__ = ("type",)

    def __init__(self, name: str) -> None:
        self.type = np.dtype(name)

    def __setstate__(self, state: object) -> None:
        order = text(state[1]) if isinstance(state, tuple) and len(state) > 1 else ""
        if order not in ("|", "<", ">", "="):
            raise pickle.UnpicklingError("it wants a type of its own")
        self.type = np.dtype(order + self.type.str[1:])


class _Array:
    """Stands for an array until its state comes: (version, shape, dtype, in Fortran order, bytes)."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: np.ndarray[Any, Any] = np.empty(0)

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[2], _Dtype):
            raise pickle.UnpicklingError("it wants an array of a kind of its own")
        _, shape, dtype, fortran, raw = state
        self.value = np.frombuffer(raw, dtype.type).reshape(shape, order="F" if fortran else "C")


# Callables without a __dict__ or slots: a file can set no attributes of them.


class _MakeArray:
    """`_reconstruct(ndarray, (0,), b"b")`."""

    __slots__ = ()

    def __call__(self, kind: object, *_: object) -> _Array:
        if not isinstance(kind, _Mark):
            raise pickle.UnpicklingError("it wants an array of a kind of its own")
        return _Array()


class _MakeDtype:
    """`dtype("u1", False, True)`."""

    __slots__ = ()

    def __call__(self, name: object, *_: object) -> _Dtype:
        if text(name) not in ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "b1"):
            raise pickle.UnpicklingError(f"it wants an array of {text(name)[:40]!r}")
        return _Dtype(text(name))


class _Encode:
    """What protocol 2 needs of `_codecs.encode`: bytes written as text, and no other codec."""

    __slots__ = ()

    def __call__(self, written: object, encoding: object = "latin1") -> bytes:
        if not isinstance(written, str) or text(encoding) != "latin1":
            raise pickle.UnpicklingError("it wants another codec than latin1")
        return written.encode("latin1")


_ALLOWED: dict[tuple[str, str], type[object]] = {
    ("numpy.core.multiarray", "_reconstruct"): _MakeArray,
    ("numpy._core.multiarray", "_reconstruct"): _MakeArray,
    ("numpy", "ndarray"): _Mark,
    ("numpy", "dtype"): _MakeDtype,
    ("_codecs", "encode"): _Encode,
}


class _ArraysOnly(pickle.Unpickler):
    """Builds dicts, lists, strings and NumPy arrays; anything else is refused before it runs."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]()
        raise pickle.UnpicklingError(f"it wants to run {module}.{name}")


def read_pickled_dict(path: Path, expected: str) -> dict[str, object]:
    """A pickled dict, its keys as text; raises DataError, also for whatever would take running code.

    Its opcodes are looked through first: one that names a memo slot far out makes the unpickler allocate all
    before it, and those that build objects are no part of such a file.
    """
    check_not_another_kind(path, expected, DataError)
    what = kind(first_bytes(path, expected, DataError))
    if what != "a pickle":
        raise DataError(f"{path}: is {what}", f"expected {expected}, unpacked")
    check_fits(str(path), path.stat().st_size * 3, f"expected {expected}")
    try:
        raw, allowed = path.read_bytes(), frozenset(_OPCODES.split())
        for opcode, argument, _ in pickletools.genops(raw):
            if opcode.name not in allowed:
                raise pickle.UnpicklingError(f"it uses {opcode.name}")
            if opcode.name in ("PUT", "LONG_BINPUT") and not 0 <= int(argument or 0) <= len(raw):
                raise pickle.UnpicklingError(f"it claims {argument} objects")
        content = _ArraysOnly(io.BytesIO(raw), encoding="bytes").load()
    except Exception as error:  # a damaged pickle raises nearly anything
        raise DataError(f"{path}: cannot be read safely ({reason(error)})", f"expected {expected}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds a {type(content).__name__}", f"expected {expected}")
    return {
        text(key): value.value if isinstance(value, _Array) else value
        for key, value in content.items()
        if isinstance(key, str | bytes)
    }


def text(value: object) -> str:
    """Bytes or text as text; anything else, which may be huge when written out, as its type's name."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else type(value).__name__


def whole_numbers(value: object) -> "np.ndarray[Any, np.dtype[np.int64]] | None":
    """A flat list of numbers as an array; None for anything else, nested lists (which may unfold without end) too."""
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "iu":
        return value.astype(np.int64)
    if isinstance(value, list) and all(type(item) is int and abs(item) < 2**31 for item in value):
        return np.array(value, dtype=np.int64)
    return None
