"""The columns that a query is about: numbers or names, one a row."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
_SAME_CHARACTER = str.maketrans("-_", "  ")


@dataclass(frozen=True)
class NumberField:
    """A number per row, [n], float or int. NaN: unknown. A typed number is rounded to the dtype of float values."""

    values: NDArray[np.number]


@dataclass(frozen=True)
class NameField:
    """A name per row. codes: int [n], index into names, −1 where there is none. Equal names may occur twice."""

    codes: NDArray[np.integer]
    names: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...] | None = None
    """Of names that are several words, the words of each: a row has all of them. None: every name is one."""

    @property
    def words_of_names(self) -> tuple[tuple[str, ...], ...]:
        """What a value is compared with, for each name."""
        return tuple((name,) for name in self.names) if self.parts is None else self.parts

    @property
    def words(self) -> tuple[str, ...]:
        """Every word once."""
        return tuple(dict.fromkeys(word for words in self.words_of_names for word in words))


Field = NumberField | NameField
Fields = Mapping[str, Field]


class LazyFields(Mapping[str, Field]):
    """Fields that are computed when they are first asked for, and kept in `computed`: a query is about few of them."""

    def __init__(self, computations: Mapping[str, Callable[[], Field]], computed: dict[str, Field]) -> None:
        self._computations = computations
        self._computed = computed

    def __getitem__(self, key: str) -> Field:
        if key not in self._computed:
            self._computed[key] = self._computations[key]()
        return self._computed[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._computations)

    def __len__(self) -> int:
        return len(self._computations)


def fold(name: str) -> str:
    """`name` as names are compared: without case, and with -, _ and blank alike."""
    return name.casefold().translate(_SAME_CHARACTER)


def find_field(name: str, fields: Fields) -> Field | None:
    """The field of exactly this name, else the first whose folded name is the same, else None."""
    key = name if name in fields else next((key for key in fields if fold(key) == fold(name)), None)
    return fields[key] if key is not None else None
