"""The filter language of the sample table: `set=S10 label=cat margin<0.5 not broken_by=square`, on arrays.

    query      a condition, or several with and (or just a blank), or, not (or !), parentheses; not > and > or
    condition  FIELD OP VALUE, with OP one of = (or :) != < <= > >= ~ ; = != ~ take several values: a,b,c
    value      of a name field: a name, a prefix*, none (or ?); of a number field: 0.5, 1e-3, 8/255, 0..0.5, none

Names are compared ignoring case, and with -, _ and blank alike; ~ looks for a part of a name. A value in quotes
is a name and nothing else. Text comparisons are made once per name, never once per row.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thinice_tui.safe_io.printable import printable

Mask = NDArray[np.bool_]

KEYWORDS = ("and", "or", "not")
UNKNOWN = ("none", "?")
MAX_DEPTH = 50
FEW_NAMES = 8
SHOWN_CHARACTERS = 40

ORDER = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
NUMBER_OPERATORS = ("=", "!=", *ORDER)
NAME_OPERATORS = ("=", "!=", "~")

_TOKEN = re.compile(
    r"""(?P<quoted> (?: "(?:[^"\\]|\\.)*+" | '(?:[^'\\]|\\.)*+' ) \*? )
    | (?P<unclosed> ["'].* )
    | (?P<operator> [<>!]=|[=<>~:] )
    | (?P<symbol> [(),!] )
    | (?P<word> [^\s()=!<>~:,"'] [^\s()=!<>~:,]* )""",
    re.VERBOSE | re.DOTALL,
)
_NEEDS_NO_QUOTES = re.compile(r"""[^\s()=!<>~:,"'\\*]+""")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?", re.IGNORECASE)
_ALIKE = str.maketrans("-_", "  ")


@dataclass(frozen=True)
class NumberField:
    """A number per row, [n], float or int. NaN: unknown. A typed number is rounded to the dtype of float values."""

    values: NDArray[np.number]


@dataclass(frozen=True)
class NameField:
    """A name per row. codes: int [n], index into names, −1 where there is none. Names may be equal to one another."""

    codes: NDArray[np.integer]
    names: tuple[str, ...]


Field = NumberField | NameField
Fields = Mapping[str, Field]


class QueryError(ValueError):
    """What is wrong with text[start:end], what was expected, and what to do; 0 <= start < end <= len(text)."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


@dataclass(frozen=True)
class Completion:
    """Replace text[start:cursor] by `text`."""

    start: int
    text: str


def matches(text: str, fields: Fields) -> Mask:
    """The rows that `text` asks for, bool [n]; every row if it is blank.

    `fields` are one or more, all of n rows (ValueError otherwise). Raises QueryError where the text is wrong.
    """
    sizes = {len(field.values if isinstance(field, NumberField) else field.codes) for field in fields.values()}
    if len(sizes) != 1:
        raise ValueError(f"expected one or more fields of one length, got lengths {sorted(sizes)}")
    tokens = _tokens(text)
    if not tokens:
        return np.ones(sizes.pop(), dtype=np.bool_)
    if tokens[-1].kind == "unclosed":
        raise tokens[-1].error("this quote is never closed: close it with the same quote")
    with np.errstate(all="ignore"):  # a typed number too large or small for float32, NaN among the values
        return _Parser(tokens, fields).query()


def quoted(name: str) -> str:
    """`name` as a query writes it: in quotes if it would mean anything else, or break, without them."""
    if _NEEDS_NO_QUOTES.fullmatch(name) and name.lower() not in (*KEYWORDS, *UNKNOWN):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def complete(text: str, cursor: int, fields: Fields, limit: int = 8) -> list[Completion]:
    """What the text before the cursor may become: at most `limit`, those that begin so first; [] if nothing fits.

    Field names where a condition may begin (a name field's with its `=`), names of the field after its operator.
    """
    cursor = min(max(cursor, 0), len(text))
    before = _tokens(text[:cursor])
    typed = _Token("word", "", False, cursor, cursor)
    if before and before[-1].end == cursor:
        if before[-1].kind == "quoted" or before[-1].starred:
            return []  # a finished value
        if before[-1].kind in ("word", "keyword", "unclosed"):
            typed = before.pop()
    names = _names_to_complete(before, fields)
    if names is not None:
        choices = [(name, quoted(name)) for name in names]
    else:
        equals = "" if re.match(r"\s*([<>!]=|[=<>~:])", text[cursor:]) else "="
        choices = [(n, quoted(n) + (equals if isinstance(f, NameField) else "")) for n, f in fields.items()]
        keywords = KEYWORDS if before and (before[-1].is_word or before[-1].is_one_of(")")) else ("not",)
        choices += [(word, word) for word in keywords if typed.text and word.startswith(typed.text.lower())]
    wanted = _fold(typed.text)
    found = [(not folded.startswith(wanted), new) for name, new in choices if wanted in (folded := _fold(name))]
    best = dict.fromkeys(new for _, new in sorted(found, key=lambda pair: pair[0]))
    return [Completion(typed.start, new) for new in best if new != text[typed.start : cursor]][:limit]


@dataclass(frozen=True)
class _Token:
    """kind: the group of _TOKEN, or keyword. text: without quotes, escapes and the star; a keyword in lower case."""

    kind: str
    text: str
    starred: bool
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """A field or a value."""
        return self.kind in ("word", "quoted")

    @property
    def is_unknown(self) -> bool:
        """The value none, or ?, unless a name is called so."""
        return self.kind == "word" and not self.starred and self.text.lower() in UNKNOWN

    @property
    def shown(self) -> str:
        return f"'{_shown(self.text + '*' * self.starred)}'"

    def error(self, message: str) -> QueryError:
        return QueryError(message, self.start, self.end)

    def is_one_of(self, *texts: str) -> bool:
        """A keyword or sign of the language, not a name that is written so."""
        return self.kind in ("keyword", "operator", "symbol") and self.text in texts


def _tokens(text: str) -> list[_Token]:
    """Never fails: every character but blanks begins a token, and an unclosed quote is one that reaches the end."""
    tokens: list[_Token] = []
    for match in _TOKEN.finditer(text):
        kind, content = str(match.lastgroup), match[0]
        starred = kind in ("quoted", "word") and content.endswith("*")
        content = content.removesuffix("*") if starred else content
        if kind in ("quoted", "unclosed"):
            content = re.sub(r"""\\(["'\\])""", r"\1", content[1:-1] if kind == "quoted" else content[1:])
        elif content.lower() in KEYWORDS and not starred:
            kind, content = "keyword", content.lower()
        tokens.append(_Token(kind, content, starred, match.start(), match.end()))
    return tokens


class _Parser:
    """Goes through the tokens once and computes masks on the way."""

    def __init__(self, tokens: list[_Token], fields: Fields) -> None:
        self._tokens = tokens
        self._fields = fields
        self._position = 0

    def query(self) -> Mask:
        mask = self._any_of(0)
        if rest := self._here():
            raise rest.error("this ) closes nothing: remove it, or open a ( before it")
        return mask

    def _any_of(self, depth: int) -> Mask:
        mask = self._all_of(depth)
        while self._accept("or"):
            mask = mask | self._all_of(depth)
        return mask

    def _all_of(self, depth: int) -> Mask:
        mask = self._negated(depth)
        while self._accept("and") or ((here := self._here()) and not here.is_one_of("or", ")")):
            mask = mask & self._negated(depth)
        return mask

    def _negated(self, depth: int) -> Mask:
        negative = False
        while self._accept("not", "!"):
            negative = not negative
        if opening := self._accept("("):
            if depth == MAX_DEPTH:
                raise opening.error(f"too deeply nested: at most {MAX_DEPTH} parentheses may be open, remove some")
            mask = self._any_of(depth + 1)
            if not self._accept(")"):
                raise opening.error("this ( is never closed: close it with a )")
        else:
            mask = self._condition()
        return ~mask if negative else mask

    def _condition(self) -> Mask:
        word = self._take_word("a condition such as set=S10")
        field = _lookup(word, self._fields)
        if field is None:
            raise word.error(f"unknown field {word.shown}: {_hint(word, self._fields)}")
        known = NUMBER_OPERATORS if isinstance(field, NumberField) else NAME_OPERATORS
        operator = self._here()
        if operator is None or operator.kind != "operator":
            raise word.error(f"expected an operator after {word.shown}: one of {' '.join(known)}")
        self._position += 1
        sign = "=" if operator.text == ":" else operator.text
        if sign not in known:
            holds = "numbers" if isinstance(field, NumberField) else "names"
            raise operator.error(f"{word.shown} holds {holds}: use one of {' '.join(known)}, not {sign}")
        values = [self._take_word("a value")]
        while comma := self._accept(","):
            if sign in ORDER:
                raise comma.error(f"{sign} takes one number: only = and != take several")
            values.append(self._take_word("a value"))
        if isinstance(field, NameField):
            mask = _any_name(field, values, part=sign == "~")
        elif sign in ORDER:
            numbers = _floating(field.values)
            mask = ORDER[sign](numbers, _number(values[0], values[0].text, numbers.dtype))
        else:
            mask = _any_number(_floating(field.values), values)
        return ~mask if sign == "!=" else mask

    def _here(self) -> _Token | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def _accept(self, *texts: str) -> _Token | None:
        here = self._here()
        if here is None or not here.is_one_of(*texts):
            return None
        self._position += 1
        return here

    def _take_word(self, expected: str) -> _Token:
        here = self._here()
        if here is None:
            raise self._tokens[-1].error(f"expected {expected} after {self._tokens[-1].text}")
        if here.kind == "keyword":
            raise here.error(f'expected {expected}, not the word {here.text}: write "{here.text}" if it is a name')
        if not here.is_word:
            raise here.error(f"expected {expected} here, not {here.text}")
        self._position += 1
        return here


def _lookup(word: _Token, fields: Fields) -> Field | None:
    """The field of this very name, else the first that differs only as names may."""
    alike = (field for name, field in fields.items() if _fold(name) == _fold(word.text))
    return None if word.starred else fields.get(word.text, next(alike, None))


def _any_name(field: NameField, values: Iterable[_Token], part: bool) -> Mask:
    """Rows whose name is one of the values, or has one of them as a part; bool [n]."""
    folded = [_fold(name) for name in field.names]
    wanted = np.zeros(len(folded) + 1, dtype=np.bool_)  # the last is for code −1, where indexing finds it
    for value in values:
        text = _fold(value.text)
        if part:
            hits = [text in name for name in folded]
        else:
            hits = [name.startswith(text) if value.starred else name == text for name in folded]
        if any(hits):
            wanted[:-1] |= hits
        elif value.is_unknown and not part:
            wanted[-1] = True
        else:
            raise value.error(f"{value.shown} is {'part of ' * part}no name here: {_hint(value, field.names)}")
    return np.asarray(wanted[field.codes])


def _floating(values: NDArray[np.number]) -> NDArray[np.floating]:
    return values.astype(values.dtype if np.issubdtype(values.dtype, np.floating) else np.float64, copy=False)


def _any_number(numbers: NDArray[np.floating], values: Iterable[_Token]) -> Mask:
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


def _number(value: _Token, text: str, dtype: np.dtype[np.floating]) -> np.floating:
    """`text`, which is `value` or one end of its range, in the field's own precision: so 0.1 finds the float32 0.1."""
    parts = text.split("/")
    if value.starred or len(parts) > 2 or not all(_NUMBER.fullmatch(part) for part in parts):
        example = "write one such as 0.5, -1e-3 or 8/255, or after = also 0..0.5 or none"
        raise value.error(f"{value.shown} is no number: {example}")
    below = float(parts[1]) if len(parts) == 2 else 1.0
    number = dtype.type(float(parts[0]) / below if below else np.inf)
    if not np.isfinite(number):
        raise value.error(f"{value.shown} is not finite: write a smaller number, or an open range such as 0.5..")
    return number


def _fold(name: str) -> str:
    return name.casefold().translate(_ALIKE)


def _shown(text: str) -> str:
    """A name or the user's text, harmless in a message and no longer than it should be there."""
    text = printable(text)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


def _hint(word: _Token, names: Iterable[str]) -> str:
    """What could have been meant: all there is if that is little, else the closest to `word`, else the first."""
    by_fold = {_fold(name): _shown(quoted(name)) for name in names}
    close = difflib.get_close_matches(_fold(word.text), by_fold)
    if close and len(by_fold) > FEW_NAMES:
        return f"did you mean {' or '.join(by_fold[folded] for folded in close)}?"
    more = f" and {len(by_fold) - FEW_NAMES} more" if len(by_fold) > FEW_NAMES else ""
    return f"choose from {', '.join(list(by_fold.values())[:FEW_NAMES])}{more}" if by_fold else "there are none"


def _names_to_complete(before: list[_Token], fields: Fields) -> tuple[str, ...] | None:
    """The names that may follow these tokens as a value; None where a condition may begin instead."""
    if not before or before[-1].is_one_of(*KEYWORDS, "(", ")", "!"):
        return None
    if before[-1].is_word:  # a value, or a field, whose operator comes first
        return None if len(before) > 1 and (before[-2].kind == "operator" or before[-2].is_one_of(",")) else ()
    last = len(before) - 1
    while last > 1 and before[last].is_one_of(","):
        last -= 2
    if last < 1 or not before[last].is_one_of(*NAME_OPERATORS, ":"):
        return ()
    field = _lookup(before[last - 1], fields)
    return field.names if isinstance(field, NameField) else ()
