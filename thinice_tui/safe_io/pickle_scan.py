"""What a pickle would import, and how much its tensors claim, without running or importing any of it."""

import io
import pickle
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
"""Bytes an element by the storage class that a pickle names; 1 for every other."""


@dataclass(frozen=True)
class Storage:
    """A block of numbers that a pickle refers to: its key in the file and the bytes it claims to hold."""

    key: str
    claimed: int


@dataclass(frozen=True)
class Scan:
    """imports: `module.name` in order of appearance; storages: the largest claim of each key."""

    imports: tuple[str, ...]
    storages: tuple[Storage, ...]


class Inert:
    """Stands in for whatever a pickle names: can be called, filled and compared, and does nothing."""

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


# Python's own unpickler written in Python: the one in C grows its memo to whatever index a pickle names.
class _Scanner(pickle._Unpickler):
    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, encoding="latin1")
        self.imports: list[str] = []
        self.storages: dict[str, Storage] = {}

    def find_class(self, module: str, name: str) -> type[Inert]:
        """Never imports: an inert class of that name."""
        full = f"{module}.{name}"
        if full not in self.imports:
            self.imports.append(full)
        return type("Inert", (Inert,), {"name": full})

    def persistent_load(self, pid: object) -> Inert:
        """torch's reference to a storage: ('storage', class, key, location, elements, …)."""
        if isinstance(pid, tuple) and len(pid) >= 5 and isinstance(pid[4], int):
            kind = getattr(pid[1], "name", str(pid[1])).rpartition(".")[2]
            key = str(pid[2])
            before = self.storages[key].claimed if key in self.storages else 0
            self.storages[key] = Storage(key, max(before, pid[4] * STORAGE_BYTES.get(kind, 1)))
        return Inert()


def scan_pickle(stream: io.BytesIO) -> Scan:
    """What the pickle at the stream's position names; the stream then stands behind it.

    Raises pickle.UnpicklingError where there is none; nothing in it is imported, called or allocated.
    """
    scanner = _Scanner(stream)
    try:
        scanner.load()
    except Exception as error:  # the ways in which garbage fails are many, and all mean this
        raise pickle.UnpicklingError(f"{type(error).__name__}: {error}") from error
    return Scan(tuple(scanner.imports), tuple(scanner.storages.values()))
