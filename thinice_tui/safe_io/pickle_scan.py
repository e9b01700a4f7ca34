"""What a pickle would import and how many bytes its tensors claim, found without importing or running any of it."""

import _compat_pickle
import io
import pickle
import re
from collections.abc import Collection
from dataclasses import dataclass

STORAGE_BYTES = {
    "DoubleStorage": 8,
    "LongStorage": 8,
    "ComplexFloatStorage": 8,
    "ComplexDoubleStorage": 16,
    "FloatStorage": 4,
    "IntStorage": 4,
    "HalfStorage": 2,
    "BFloat16Storage": 2,
    "ShortStorage": 2,
}
"""Bytes per element by the storage class that a pickle names; 1 for every other."""
_TENSORS = re.compile(
    r"torch\._(utils|tensor)\._rebuild_\w+|torch\.serialization\._get_layout|torch\.(Size|Tensor|device)"
    r"|torch\.nn\.parameter\.Parameter|torch\.(cuda\.|storage\.)?\w+Storage|torch\.per_(tensor|channel)_\w+"
    r"|torch\.(b?float(16|32|64)|float8_\w+|u?int\d+|bool|complex\d+|qu?int\w+)"
    r"|_codecs\.encode|collections\.(OrderedDict|Counter)|builtins\.(set|bytearray|complex)"
)
"""What pickles of tensors name and torch reads by itself: its constructors, types and storages, plain containers."""


@dataclass(frozen=True)
class Storage:
    """A block of numbers that a pickle refers to: its key in the file and the bytes it claims to hold."""

    key: str
    claimed: int


@dataclass(frozen=True)
class PickleScan:
    """imports: `module.name` in order of appearance; storages: the largest claim of each key."""

    imports: tuple[str, ...]
    storages: tuple[Storage, ...]

    def refused(self, allowed: Collection[str]) -> str:
        """The first import that is neither part of tensors nor `allowed`; empty: there is none."""
        return next(iter(self.others(allowed)), "")[:120]

    def others(self, allowed: Collection[str]) -> tuple[str, ...]:
        """The imports that are neither part of tensors nor `allowed`."""
        return tuple(name for name in self.imports if name not in allowed and not _TENSORS.fullmatch(name))

    def named(self) -> str:
        """The first few imports, for a message."""
        return ", ".join(name[:80] for name in self.imports[:3]) + (", …" if len(self.imports) > 3 else "")


class Inert:
    """Stand-in for whatever a pickle names: it can be called, filled and compared, and does nothing."""

    name = ""

    def __init__(self, *_: object, **__: object) -> None: ...

    def __setstate__(self, _: object) -> None: ...

    def __setitem__(self, _: object, __: object) -> None: ...

    def append(self, _: object) -> None:
        """Pickles of list-like objects append."""

    def extend(self, _: object) -> None:
        """And extend."""

    def add(self, _: object) -> None:
        """And of set-like ones add."""


# The unpickler that is written in Python: the one in C allocates its memo up to any index that a pickle names.
class _Scanner(pickle._Unpickler):
    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, encoding="latin1")
        self.imports: list[str] = []
        self.storages: dict[str, Storage] = {}

    def find_class(self, module: str, name: str) -> type[Inert]:
        """An inert class of that name; never an import."""
        full = ".".join(python3_name(module, name))
        if full not in self.imports:
            self.imports.append(full)
        return type("Inert", (Inert,), {"name": full})

    def persistent_load(self, pid: object) -> object:
        """Note the claim of torch's reference to a storage: ('storage', class, key, location, elements, …).

        Files from before torch 1.6 also refer to the classes of modules: ('module', class, file, source).
        """
        if isinstance(pid, tuple) and len(pid) == 4 and pid[0] == "module":
            return pid[1]
        if isinstance(pid, tuple) and len(pid) >= 5 and isinstance(pid[4], int):
            kind = getattr(pid[1], "name", str(pid[1])).rpartition(".")[2]
            key = str(pid[2])
            before = self.storages[key].claimed if key in self.storages else 0
            self.storages[key] = Storage(key, max(before, pid[4] * STORAGE_BYTES.get(kind, 1)))
        return Inert()


def python3_name(module: str, name: str) -> tuple[str, str]:
    """The module and name that Python 3 gives what Python 2, and protocols up to 2, call `module` and `name`."""
    found = _compat_pickle.NAME_MAPPING.get((module, name))
    return found or (_compat_pickle.IMPORT_MAPPING.get(module, module), name)


def scan_pickle(stream: io.BytesIO) -> PickleScan:
    """Scan the pickle at the stream's position; afterwards the stream is at the pickle's end.

    Nothing that it names is imported, called or allocated. Raises pickle.UnpicklingError where it is no whole pickle.
    """
    scanner = _Scanner(stream)
    try:
        scanner.load()
    except Exception as error:  # damaged pickles raise nearly anything
        raise pickle.UnpicklingError(f"{type(error).__name__}: {error}") from error
    return PickleScan(tuple(scanner.imports), tuple(scanner.storages.values()))
