"""The values of one condition, compared with a field's rows. Names are compared once a name, never once a row."""

import difflib
import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.query.fields import Mask, NameField, fold
from thinice_tui.analysis.query.tokens import Token, quoted, shortened

ORDER = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
NUMBER_OPERATORS = ("=", "!=", *ORDER)
NAME_OPERATORS = ("=", "!=", "~")
FEW_NAMES = 8
"""Up to so many names are listed in a message."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?", re.IGNORECASE)


def any_name(field: NameField, values: Iterable[Token], part: bool) -> Mask:
    """Rows whose name is one of the values; with `part`, contains one of them. Bool [n]; raises QueryError."""
    folded = [[fold(word) for word in words] for words in field.words_of_names]
    wanted = np.zeros(len(folded) + 1, dtype=np.bool_)  # the last is for code −1, where indexing finds it
    for value in values:
        text = fold(value.text)
        if part:
            hits = [any(text in word for word in words) for words in folded]
        elif value.starred:
            hits = [any(word.startswith(text) for word in words) for words in folded]
        else:
            hits = [text in words for words in folded]
        if any(hits):
            wanted[:-1] |= hits
        elif value.is_unknown and not part:
            wanted[-1] = True
        else:
            raise value.error(f"{value.shown} is {'part of ' * part}no name here: {hint(value, field.words)}")
    return np.asarray(wanted[field.codes])


def any_number(numbers: NDArray[np.floating], values: Iterable[Token]) -> Mask:
    """Rows whose number is one of the values, in one of the ranges, or unknown where that is a value; bool [n]."""
    mask = np.zeros(len(numbers), dtype=np.bool_)
    for value in values:
        low, dots, high = value.text.partition("..")
        if value.is_unknown:
            mask |= np.isnan(numbers)
        elif not dots or value.starred:
            mask |= numbers == _number(value, value.text, numbers.dtype)
        else:
            inside = ~np.isnan(numbers)
            if low:
                inside &= numbers >= _number(value, low, numbers.dtype)
            if high:
                inside &= numbers <= _number(value, high, numbers.dtype)
            mask |= inside
    return mask


def ordered(numbers: NDArray[np.floating], sign: str, value: Token) -> Mask:
    """Rows whose number is `sign` (one of ORDER) the value; bool [n]. Raises QueryError."""
    mask: Mask = ORDER[sign](numbers, _number(value, value.text, numbers.dtype))
    return mask


def as_floating(values: NDArray[np.number]) -> NDArray[np.floating]:
    """The numbers in their own float dtype; whole numbers as float64."""
    return values.astype(values.dtype if np.issubdtype(values.dtype, np.floating) else np.float64, copy=False)


def hint(word: Token, names: Iterable[str]) -> str:
    """What could be meant by `word`: the closest names, else all if they are few, else the first."""
    by_fold = {fold(name): shortened(quoted(name)) for name in names}
    close = difflib.get_close_matches(fold(word.text), by_fold)
    meant = f"did you mean {' or '.join(by_fold[folded] for folded in close)}?" if close else ""
    if close and len(by_fold) > FEW_NAMES:
        return meant
    more = f" and {len(by_fold) - FEW_NAMES} more" if len(by_fold) > FEW_NAMES else ""
    choices = f"choose from {', '.join(list(by_fold.values())[:FEW_NAMES])}{more}" if by_fold else "there are none"
    return f"{meant} {choices}".lstrip()


def _number(value: Token, text: str, dtype: np.dtype[np.floating]) -> np.floating:
    """`text`, which is `value` or one end of its range, in the field's own precision: so 0.1 finds the float32 0.1."""
    parts = text.split("/")
    if value.starred or len(parts) > 2 or not all(_NUMBER.fullmatch(part) for part in parts):
        example = "write one such as 0.5, -1e-3 or 8/255, or after = also 0..0.5 or none"
        raise value.error(f"{value.shown} is no number: {example}")
    divisor = float(parts[1]) if len(parts) == 2 else 1.0
    number = dtype.type(float(parts[0]) / divisor if divisor else np.inf)
    if not np.isfinite(number):
        raise value.error(f"{value.shown} is not finite: write a smaller number, or an open range such as 0.5..")
    return number
