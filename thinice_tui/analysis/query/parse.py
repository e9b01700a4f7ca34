"""The filter language of the sample table: `set=S10 label=cat margin<0.5 not broken_by=square`, on arrays.

    query      a condition, or several with and (or just a blank), or, not (or !), parentheses; not > and > or
    condition  a bare word: part of the label or of a prediction; or FIELD OP VALUE, with OP one of = (or :) != < <= >
               >= ~ ; = != ~ take several values: a,b,c
    value      of a name field: a name, a prefix*, none (or ?); of a number field: 0.5, 1e-3, 8/255, 0..0.5, none

Names are compared without case, and with -, _ and blank alike; ~ looks for a part of a name. A value in quotes is
always a name.
"""

import numpy as np

from thinice_tui.analysis.query.conditions import (
    NAME_OPERATORS,
    NUMBER_OPERATORS,
    ORDER,
    any_name,
    any_number,
    as_floating,
    hint,
    ordered,
)
from thinice_tui.analysis.query.fields import Field, Fields, Mask, NameField, NumberField, find_field, fold
from thinice_tui.analysis.query.tokens import Token, tokenize

MAX_DEPTH = 50
SEARCHED = ("label", "dense", "pruned", "dense_clean", "pruned_clean")
"""The fields that a bare word is looked for in: the true class, and the classes that the models predict."""


def matches(text: str, fields: Fields) -> Mask:
    """The rows that `text` asks for, bool [n]; every row if it is blank.

    `fields` are one or more (ValueError otherwise), all of n rows. Raises QueryError where the text is wrong.
    """
    tokens = tokenize(text)
    if not tokens:
        return np.ones(_rows(fields), dtype=np.bool_)
    if tokens[-1].kind == "unclosed":
        raise tokens[-1].error("this quote is never closed: close it with the same quote")
    with np.errstate(all="ignore"):  # a typed number too large or small for float32, NaN among the values
        return _Parser(tokens, fields).query()


def _rows(fields: Fields) -> int:
    field = next(iter(fields.values()), None)
    if field is None:
        raise ValueError("expected one or more fields, got none")
    return len(field.values if isinstance(field, NumberField) else field.codes)


class _Parser:
    """Recursive descent over the tokens; each method returns the mask of what it has read."""

    def __init__(self, tokens: list[Token], fields: Fields) -> None:
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
        field = None if word.starred else find_field(word.text, self._fields)
        operator = self._here()
        if operator is None or operator.kind != "operator":
            return self._bare_word(word, field)
        if field is None:
            raise word.error(f"unknown field {word.shown}: {hint(word, self._fields)}")
        known = NUMBER_OPERATORS if isinstance(field, NumberField) else NAME_OPERATORS
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
            mask = any_name(field, values, part=sign == "~")
        elif sign in ORDER:
            mask = ordered(as_floating(field.values), sign, values[0])
        else:
            mask = any_number(as_floating(field.values), values)
        return ~mask if sign == "!=" else mask

    def _bare_word(self, word: Token, field: Field | None) -> Mask:
        """Rows whose label, or one of whose predictions, has `word` in its name."""
        searched = [self._fields[name] for name in SEARCHED if name in self._fields]
        named = [one for one in searched if isinstance(one, NameField)]
        found = [one for one in named if word.text and any(fold(word.text) in fold(name) for name in one.names)]
        if found and field is None:
            mask: Mask = np.any([any_name(one, [word], part=True) for one in found], axis=0)
            return mask
        if field is not None:
            known = NUMBER_OPERATORS if isinstance(field, NumberField) else NAME_OPERATORS
            raise word.error(f"expected an operator after {word.shown}: one of {' '.join(known)}")
        classes = {name for one in named for name in one.names}
        raise word.error(f"unknown field {word.shown}, and in no class's name: {hint(word, [*self._fields, *classes])}")

    def _here(self) -> Token | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def _accept(self, *texts: str) -> Token | None:
        here = self._here()
        if here is None or not here.is_one_of(*texts):
            return None
        self._position += 1
        return here

    def _take_word(self, expected: str) -> Token:
        here = self._here()
        if here is None:
            raise self._tokens[-1].error(f"expected {expected} after {self._tokens[-1].text}")
        if here.kind == "keyword":
            raise here.error(f'expected {expected}, not the word {here.text}: write "{here.text}" if it is a name')
        if not here.is_word:
            raise here.error(f"expected {expected} here, not {here.text}")
        self._position += 1
        return here
