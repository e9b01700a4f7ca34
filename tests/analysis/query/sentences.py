"""Fields to ask about, queries in every spelling with the rows that they mean, and any text whatever."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import strategies as st

from thinice_tui.analysis.query.fields import Fields, NameField, NumberField
from thinice_tui.analysis.query.parse import matches
from thinice_tui.analysis.query.tokens import QueryError, quoted

PLAIN = ("cat", "tiger cat", "tench, Tinca tinca", "jack-o'-lantern", "crane", "Crane", "white shark")
LABELS = (*PLAIN, 'the "big" one', "or", "\\*")
PYTHON: dict[str, Callable[[float, float], bool]] = {
    **{"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
}
ROWS = 40
NAN = float("nan")
RANDOM = np.random.default_rng(1)
NAMED = {
    "set": NameField(RANDOM.integers(0, 4, ROWS), ("S11", "S10", "S01", "S00")),
    "label": NameField(RANDOM.integers(0, len(LABELS), ROWS).astype(np.int32), LABELS),
    "broken_by": NameField(RANDOM.integers(-1, 3, ROWS).astype(np.int16), ("PGD-20", "APGD-CE", "Square")),
}
NUMBERS = {
    "margin": NumberField(RANDOM.choice([-1.5, -0.1, 0.0, 0.1, 0.5, 2.0, NAN], ROWS).astype(np.float32)),
    "distance": NumberField(RANDOM.choice([4 / 255, 8 / 255, 1e-3, np.inf, -np.inf, NAN], ROWS)),
    "index": NumberField(np.arange(ROWS)),
}
FIELDS: dict[str, NameField | NumberField] = {**NAMED, **NUMBERS}


def alike(name: str | None) -> str | None:
    return None if name is None else re.sub("[-_ ]", "-", name.lower())


def error_of(text: str, fields: Fields = FIELDS) -> QueryError:
    with pytest.raises(QueryError) as caught:
        matches(text, fields)
    return caught.value


def rows(text: str, fields: Fields = FIELDS) -> list[bool]:
    mask = matches(text, fields)
    assert mask.dtype == np.bool_ and mask.ndim == 1
    return [bool(row) for row in mask]


@dataclass(frozen=True)
class Sentence:
    """A query with no more parentheses than it needs, one with too many, the rows it means; binds: 0 or, 1 and, 2."""

    short: str
    long: str
    rows: tuple[bool, ...]
    binds: int

    def inside(self, binds: int) -> str:
        return self.short if self.binds >= binds else f"({self.short})"


def negation(part: Sentence, sign: str, word: str) -> Sentence:
    return Sentence(sign + part.inside(2), f"{word} ( {part.long})", tuple(not row for row in part.rows), 2)


def junction(first: Sentence, second: Sentence, word: str, binds: int) -> Sentence:
    join = any if binds == 0 else all
    both = tuple(join(pair) for pair in zip(first.rows, second.rows, strict=True))
    short = f"{first.inside(binds)} {word.lower()} {second.inside(binds)}"
    return Sentence(short, f"((\t{first.long} ) {word}\n({second.long}))", both, binds)


@st.composite
def name_conditions(draw: st.DrawFn) -> Sentence:
    field, named = draw(st.sampled_from(list(NAMED.items())))
    held = [named.names[code] if code >= 0 else None for code in named.codes]
    sign = draw(st.sampled_from(["=", ":", "!=", "~"]))
    names = draw(st.lists(st.sampled_from(named.names), min_size=1, max_size=3))
    texts = [quoted(draw(st.sampled_from([name, name.upper(), name.lower()]))) for name in names]
    if sign == "~":
        cuts = [name[draw(st.integers(0, 2)) :] for name in names]
        texts = [quoted(cut) for cut in cuts]
        expected = [name is not None and any(str(alike(cut)) in str(alike(name)) for cut in cuts) for name in held]
    else:
        texts += ["None"] * draw(st.integers(0, 1))
        wanted = [alike(name) for name in names] + [None] * texts.count("None")
        expected = [(alike(name) in wanted) == (sign != "!=") for name in held]
    long = f"{field.upper()} {sign}  {' , '.join(texts)}"
    return Sentence(f"{field}{sign}{','.join(texts)}", long, tuple(expected), 2)


@st.composite
def number_conditions(draw: st.DrawFn) -> Sentence:
    field, numbers = draw(st.sampled_from(list(NUMBERS.items())))
    sign = draw(st.sampled_from(sorted(PYTHON)))
    text = draw(st.sampled_from(["0.5", "-1.5", "8/255", "1E-3", "2", "+.5", "0.10"]))
    number = float(text) if "/" not in text else 8 / 255
    if field == "margin":  # a number is read in the precision of its field
        number = float(np.float32(number))
    found = tuple(PYTHON[sign](float(value), number) for value in numbers.values)
    return Sentence(f"{field}{sign}{text}", f"{field} {sign} '{text}'", found, 2)


def larger(parts: st.SearchStrategy[Sentence]) -> st.SearchStrategy[Sentence]:
    nots = st.builds(negation, parts, st.sampled_from(["!", "not ", "! ! !"]), st.sampled_from(["not", "NOT", "!"]))
    ands = st.builds(junction, parts, parts, st.sampled_from(["and", "AND", "And", ""]), st.just(1))
    ors = st.builds(junction, parts, parts, st.sampled_from(["or", "OR", "oR"]), st.just(0))
    return st.one_of(nots, ands, ors)


sentences = st.recursive(name_conditions() | number_conditions(), larger, max_leaves=6)
any_character = st.characters(exclude_categories=())
"""Control characters and lone surrogates too."""
SIGNS = "= != < <= > >= ~ : ! ( ) , and OR not \" ' \\ 0.5 -1e-3 8/255 0..0.5 .. 2.. 1/0 1e999 nan \x1b[2J \ud800"
WORDS = "set label MARGIN index nofield S10 S1* * none ? 0.5%"
PIECES = [*SIGNS.split(), *WORDS.split(), '"tiger cat"', "'it\\'s'*", " ", "  ", "\t"]
soup = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
