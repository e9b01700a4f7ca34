"""What the text before the cursor may become: names of fields, of values, and keywords."""

import re
from dataclasses import dataclass

from thinice_tui.analysis.query.conditions import NAME_OPERATORS
from thinice_tui.analysis.query.fields import Fields, NameField, find_field, fold
from thinice_tui.analysis.query.tokens import KEYWORDS, Token, quoted, tokenize


@dataclass(frozen=True)
class Completion:
    """Replace text[start:cursor] by `text`."""

    start: int
    text: str


def complete(text: str, cursor: int, fields: Fields, limit: int = 8) -> list[Completion]:
    """At most `limit` completions of the text before the cursor, those that begin with it first; [] if nothing fits.

    Where a condition may begin: names of fields, a name field's with its `=`. After an operator: the field's names.
    """
    cursor = min(max(cursor, 0), len(text))
    before = tokenize(text[:cursor])
    typed = Token("word", "", False, cursor, cursor)
    if before and before[-1].end == cursor:
        if before[-1].kind == "quoted" or before[-1].starred:
            return []  # a finished value
        if before[-1].kind in ("word", "keyword", "unclosed"):
            typed = before.pop()
    names = _value_names(before, fields)
    if names is None:
        choices = _condition_choices(text[cursor:], before, typed, fields)
    else:
        choices = [(name, quoted(name)) for name in names]
    wanted = fold(typed.text)
    found = [(not folded.startswith(wanted), new) for name, new in choices if wanted in (folded := fold(name))]
    best = dict.fromkeys(new for _, new in sorted(found, key=lambda pair: pair[0]))
    return [Completion(typed.start, new) for new in best if new != text[typed.start : cursor]][:limit]


def _condition_choices(after: str, before: list[Token], typed: Token, fields: Fields) -> list[tuple[str, str]]:
    """What may begin a condition, as (name, text to insert); after: the text behind the cursor."""
    equals = "" if re.match(r"\s*([<>!]=|[=<>~:])", after) else "="
    names = [name for name in fields if fold(typed.text) in fold(name)]  # only their fields are computed
    choices = [(name, quoted(name) + (equals if isinstance(fields[name], NameField) else "")) for name in names]
    keywords = KEYWORDS if before and (before[-1].is_word or before[-1].is_one_of(")")) else ("not",)
    return choices + [(word, word) for word in keywords if typed.text and word.startswith(typed.text.lower())]


def _value_names(before: list[Token], fields: Fields) -> tuple[str, ...] | None:
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
    word = before[last - 1]
    field = None if word.starred else find_field(word.text, fields)
    return field.words if isinstance(field, NameField) else ()
