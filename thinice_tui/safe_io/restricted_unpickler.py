"""Pickles of dicts, lists, numbers, text and NumPy arrays, read without running any code of the file.

CIFAR's batches, mask files and weights of other frameworks are such pickles.
"""

import io
import pickle
import pickletools
from pathlib import Path
from typing import Any

from thinice_tui.errors import ThiniceError, reason
from thinice_tui.safe_io.limits import check_fits, file_size
from thinice_tui.safe_io.numpy_stand_ins import STAND_INS, RefusedError, with_arrays
from thinice_tui.safe_io.pickle_scan import python3_name

_OPCODES = """
PROTO FRAME STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4
FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 UNICODE BINUNICODE
SHORT_BINUNICODE BINUNICODE8 BYTEARRAY8 EMPTY_LIST APPEND APPENDS LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3
EMPTY_DICT DICT SETITEM SETITEMS PUT BINPUT LONG_BINPUT MEMOIZE GET BINGET LONG_BINGET
GLOBAL STACK_GLOBAL REDUCE BUILD
"""
"""The opcodes that dicts, lists, numbers, text and NumPy arrays need."""
_MEMORY_FACTOR = 3
"""Memory that reading takes, in sizes of the file: its bytes, the unpickled bytes, and slack."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """A stand-in; never an import."""
        module, name = python3_name(module, name)
        if (full := f"{module}.{name}") in STAND_INS:
            return STAND_INS[full]
        raise RefusedError(f"it wants to run {full}")


def read_pickle(path: Path, expected: str, error: type[ThiniceError], offset: int = 0) -> object:
    """The content of the pickle that begins at `offset` in `path`, without running code of it.

    Raises `error` as `unpickled` does, and where the file would not fit into memory; expected: what the file should
    be, for the message.
    """
    check_fits(str(path), (file_size(path, error) - offset) * _MEMORY_FACTOR, f"expected {expected}", error)
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            raw = stream.read()
    except OSError as caught:
        raise error(f"{path}: cannot be read ({reason(caught)})", "check its permissions and its disk") from caught
    return unpickled(raw, str(path), expected, error)


def unpickled(raw: bytes, name: str, expected: str, error: type[ThiniceError]) -> object:
    """The content of the pickle that `raw` begins with, without running code of it; name: where it is from.

    Byte strings of Python 2 come as bytes, and an array of objects as the flat list of its elements. Raises `error`
    for whatever else is in it, and for damaged ones.
    """
    try:
        _check_opcodes(raw)
        content: object = _Unpickler(io.BytesIO(raw), encoding="bytes").load()
    except Exception as caught:  # a damaged pickle raises nearly anything
        said = str(caught) if isinstance(caught, RefusedError) else reason(caught)
        raise error(f"{name}: cannot be read safely ({said})", f"expected {expected}") from caught
    return with_arrays(content)


def _check_opcodes(raw: bytes) -> None:
    """Raise RefusedError for an opcode that builds other objects, or that names a memo slot beyond the file's size.

    C's unpickler allocates all slots before the one that is named.
    """
    allowed = frozenset(_OPCODES.split())
    for opcode, argument, _ in pickletools.genops(raw):
        if opcode.name not in allowed:
            raise RefusedError(f"it uses the opcode {opcode.name}")
        if opcode.name in ("PUT", "LONG_BINPUT") and not 0 <= int(argument or 0) <= len(raw):
            raise RefusedError(f"it claims {argument} objects")
