"""The columns that a query is about: numbers or names, one a row."""

from collections.abc import Mapping
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


def fold(name: str) -> str:
    """`name` as names are compared: without case, and with -, _ and blank alike."""
    return name.casefold().translate(_SAME_CHARACTER)


def find_field(name: str, fields: Fields) -> Field | None:
    """The field of exactly this name, else the first whose folded name is the same, else None."""
    folded = (field for key, field in fields.items() if fold(key) == fold(name))
    return fields.get(name, next(folded, None))
