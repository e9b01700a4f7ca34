"""The filter language: against a row-by-row reading in plain Python, on any text whatever, and each error's range."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from thinice_tui.analysis.query.complete import Completion, complete
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


@given(sentences)
def test_a_query_means_what_it_means_row_by_row_however_it_is_spaced_and_parenthesised(sentence: Sentence) -> None:
    assert rows(sentence.short) == list(sentence.rows)
    assert rows(sentence.long) == list(sentence.rows)


@given(sentences, sentences)
def test_not_and_or_are_complement_intersection_and_union(first: Sentence, second: Sentence) -> None:
    a, b = matches(first.short, FIELDS), matches(second.short, FIELDS)
    assert (matches(f"not ({first.short})", FIELDS) == ~a).all()
    assert (matches(f"({first.short}) ({second.short})", FIELDS) == (a & b)).all()
    assert (matches(f"{first.short} or {second.short}", FIELDS) == (a | b)).all()


def test_not_binds_closer_than_and_and_and_closer_than_or() -> None:
    assert rows("set=S10 or set=S11 and index<3") == rows("set=S10 or (set=S11 and index<3)")
    assert rows("set=S10 or set=S11 and index<3") != rows("(set=S10 or set=S11) and index<3")
    assert rows("not set=S10 and index<9") == rows("(not set=S10) and index<9")
    assert rows("not set=S10 and index<9") != rows("not (set=S10 and index<9)")


def test_a_blank_query_asks_for_every_row() -> None:
    assert rows("") == rows("\t\n\u3000 ") == [True] * ROWS


values = hnp.arrays(np.float64, st.integers(0, 30), elements=st.floats() | st.sampled_from([0.0, 0.5, 1.0, NAN]))
finite = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, 0.5, 1.0])
dtypes = st.sampled_from([np.float64, np.float32, np.float16])


@given(values, dtypes, st.lists(finite.filter(lambda x: abs(x) < 6e4), min_size=2, max_size=4))
def test_lists_are_unions_ranges_two_comparisons_and_differs_the_complement(
    numbers: NDArray[np.float64], dtype: type[np.floating], typed: list[float]
) -> None:
    with np.errstate(all="ignore"):
        held = numbers.astype(dtype)
    fields = {"x": NumberField(held)}
    (low, high), listed = map(repr, typed[:2]), ",".join(map(repr, typed))

    def found(text: str) -> NDArray[np.bool_]:
        return matches(text, fields)

    equal = np.isin(held, np.array(typed, dtype=dtype))
    assert (found(f"x={listed}") == equal).all()
    assert (found(f"x!={listed}") == ~equal).all()
    assert (found(f"x={low}..{high}") == found(f"x>={low} x<={high}")).all()
    assert (found(f"x={low}..") == found(f"x>={low}")).all()
    assert (found(f"x=..{high}") == found(f"x<={high}")).all()
    assert (found("x=..") == ~np.isnan(held)).all()
    assert (found("x=none") == np.isnan(held)).all()
    assert (found("x!=?") == ~np.isnan(held)).all()
    assert (found(f"x=none,{low}..{high}") == (found("x=?") | found(f"x={low}..{high}"))).all()
    places = found(f"x<{low}").astype(int) + found(f"x={low}") + found(f"x>{low}")
    assert (places == ~np.isnan(held)).all(), "a known number is below, at or above; an unknown one nowhere"


def test_a_number_is_typed_in_the_precision_of_a_float_field_and_compared_exactly_with_whole_ones() -> None:
    fields = {"x": NumberField(np.array([0.1, 8 / 255], dtype=np.float32))}
    assert rows("x=0.1", fields) == [True, False]
    assert rows("x<=8/255", fields) == [False, True]
    whole = {"x": NumberField(np.array([-3, 100], dtype=np.int8))}
    assert rows("x=100.0001,none", whole) == [False, False]
    assert rows("x>-3.5 x<300", whole) == [True, True]


@given(st.lists(st.text(any_character, max_size=8), min_size=1, max_size=6, unique=True), st.data())
@example(["none", "?", "and", "a*", "", "\\", '"', "'", 'a"b', "a b", "a-b", "\\*", "\ud800", "..", "(", "x:y"], None)
def test_every_name_can_be_written(names: list[str], data: st.DataObject | None) -> None:
    codes = np.array([-1, *range(len(names))])
    fields: Fields = {"f": NameField(codes, tuple(names)), "g": NumberField(np.zeros(len(codes)))}
    folded = [re.sub("[-_ ]", "-", name.casefold()) for name in names]
    for name, fold in zip(names, folded, strict=True):
        same = [False, *(other == fold for other in folded)]
        single = "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"
        assert rows(f"f={quoted(name)}", fields) == rows(f"f={single}", fields) == same
        assert rows(f"(f={quoted(name)},{quoted(name)})and g=0", fields) == same
        assert rows(f"f!={quoted(name)}", fields) == [not row for row in same]
        assert rows(f"f~{quoted(name)}", fields)[1 + names.index(name)]
        length = data.draw(st.integers(0, len(name))) if data else len(name) // 2
        begun = 'f="' + name[:length].replace("\\", "\\\\").replace('"', '\\"')
        assert Completion(2, quoted(name)) in complete(begun, len(begun), fields, 99)


@settings(deadline=None)
@given(st.text(any_character) | soup, st.integers(-5, 80))
@example("(" * 5000, 5000)
@example("not " * 5000, 20000)
@example("!" * 5000 + "set=S10", 5000)
@example("set=S10 " * 500, 100)
@example("9" * 5000 + "x", 4)
@example("index=" + "9" * 5000, 4)
@example("index=" + "9" * 5000 + "x", 4)
@example('set="' + "\\" * 4999, 4)
def test_any_text_gives_rows_or_marks_what_is_wrong(text: str, cursor: int) -> None:
    try:
        assert len(rows(text)) == ROWS
    except QueryError as error:
        assert 0 <= error.start < error.end <= len(text)
        assert error.message == str(error) and error.message.isprintable() and len(error.message) < 900
    for completion in complete(text, cursor, FIELDS):
        assert 0 <= completion.start <= max(0, min(cursor, len(text)))
        assert completion.text != text[completion.start : max(0, cursor)]


@given(st.text(any_character) | soup)
def test_a_mistake_is_the_same_after_something_right(text: str) -> None:
    try:
        matches(text, FIELDS)
    except QueryError as error:
        later = error_of(f"set=S10 and {text}")
        assert (later.start, later.end, later.message) == (error.start + 12, error.end + 12, error.message)


def test_nesting_is_limited_and_what_is_within_the_limit_works() -> None:
    deep = "(" * 50 + "set=S10" + ")" * 50
    assert rows(deep) == rows("set=S10")
    error = error_of(f"({deep})")
    assert "too deeply nested" in error.message and (error.start, error.end) == (50, 51)
    assert "too deeply nested" in error_of("not (" * 5000).message
    assert rows("not " * 2001 + "set=S10") == rows("set!=S10")
    assert rows("(set=S10) " * 300) == rows("set=S10")


SAME = {
    "broken_by='APGD-CE'": 'broken_by=apgd_ce; BROKEN-BY:apgd-ce; broken_by="apgd ce"; broken_by=apgd-c*; broken_by~CE',
    "not (broken_by=PGD-20,APGD-CE,Square)": "broken_by=none; broken_by=?; broken_by!=*; !broken_by~''; broken_by=NONE",
    "set=S11,S10": "set=s1*; set = S10 , S11; set~'1' set!=S01; not set=S0*; set='S1'*; set=S10 or set:S11",
    'label="tiger cat"': "label='tiger '*; label=ti*; label~r-c; label=tiger_cat; (label=\"tiger cat\")(index!=-1)",
    "label=cat or label='tiger cat' or label=Crane": "label~cat,crane; label~'CAT',ran; label~cat*,crane",
    "label='or'": 'label="OR"; label=or*; "label" : \'or\'',
    "label='jack-o\\'-lantern'": "label=jack-o'-lantern; label=\"jack o' lantern\"; label~o'",
    'label="the \\"big\\" one"': "label='the \"big\" one'; label~'\"'",
    "index<4 or index=7": "index=0..3,7; index=7,..3; 'index'=-0.5..3e0,14/2",
}


@pytest.mark.parametrize(("same", "text"), [(same, t) for same, texts in SAME.items() for t in texts.split("; ")])
def test_two_ways_to_say_the_same(same: str, text: str) -> None:
    assert rows(text) == rows(same)
    assert any(rows(text)) and not all(rows(text))


def test_a_name_that_is_called_none_comes_before_the_unknown() -> None:
    fields = {"f": NameField(np.array([-1, 0, 1]), ("None", "b"))}
    assert rows("f=none", fields) == [False, True, False]
    assert rows("f=?", fields) == [True, False, False]
    assert "no name" in error_of('f="?"', fields).message


def test_a_field_is_found_by_its_very_name_first() -> None:
    one, two = NumberField(np.array([1, 2])), NumberField(np.array([2, 1]))
    fields = {"A b": one, "a_b": two, "or": two, "straße": one}
    assert rows('"A b"=1', fields) == [True, False]
    assert rows("a_b=1", fields) == [False, True]
    assert rows("a-b=1", fields) == [True, False]
    assert rows('a_b=1 "or"=1', fields) == [False, True]
    assert rows("STRASSE=1", fields) == [True, False]


MISTAKES = {
    "expected an operator after 'margin': one of = != < <= > >=": "«margin»; «margin» and set=S10; not (! «margin»)",
    "expected an operator after 'set': one of = != ~": "«set» !S10; «set»,label",
    "unknown field 'S11': choose from set, label, broken_by,": "set=S10 «S11»; «S11»=set; set~s1 or «S11»",
    "unknown field": "«colour»=red; set=S10 «&&»; «margin*»=1; set=S10 or «*»; label=cat «shark»; «or*»=1; «'or'»=1",
    "unknown field '\N{REPLACEMENT CHARACTER}": "«\x1b[2J»=1; «\ud800»; «\0»<1",
    "expected a condition": "«=»S10; «and» set=S10; set=S10 «not»; («)»; set=S10 and «or» index<3",
    "expected a condition such as set=S10 after or": "set=S10 «OR»",
    "expected a value after": "set«=»; index«<»; set=S10«,»; label «~» ",
    "expected a value here, not": "set=«=»S10; set=«)»; set=S10,«,»S11; set=«!»S10; index<«(»3)",
    'write "or" if it is a name': "label=«or»; label=cat,«OR»",
    "this ( is never closed": "«(»set=S10; (set=S10) («(»index<3",
    "this ) closes nothing": "set=S10«)»; set=S10«)» or (index<3",
    "this quote is never closed": 'label=«\'tiger cat index<3»; label=«"a\\"»; «"»',
    "'set' holds names: use one of = != ~, not <": "set«<»S10; index=1 set «<» S10",
    "'margin' holds numbers: use one of = != < <= > >=, not ~": "margin «~» 0.5",
    "is no name here: choose from S11, S10, S01, S00": "set=«S12»; set=S10,«nope*»; set=«'none'»; set=«''»; set!=«?*»",
    "is part of no name here": "set~«nope»; set~«none»; set~S1,«?»",
    "'crabe' is no name here: did you mean Crane": "label=«crabe»; label:cat,«crabe»",
    'did you mean "tiger cat"': "label=«tiger» cat",
    'choose from cat, "tiger cat", "tench, Tinca tinca"': "label=«12345678»; label=«123*»",
    "is no number": "margin<«big»; margin<«0.5%»; margin<«none»; margin<«0..1»; margin=«0..1..2»; margin=«0..*»; "
    "margin=«..*»; margin=«0.5*»; margin=1,«x»; margin=«1_000»; margin=«nan»; margin<«inf»; index=«-Infinity..»; "
    "margin<«1/2/3»; margin<«/2»; margin=«.»; margin=«٣»; margin!=«'none'»",
    "is not finite": "margin<«1/0»; distance<«1e999»; margin=«0..1e300» or set=S10",
    "< takes one number: only = and != take several": "margin<1«,»2",
}


@pytest.mark.parametrize(("says", "text"), [(says, t) for says, texts in MISTAKES.items() for t in texts.split("; ")])
def test_a_mistake_is_marked_and_explained(says: str, text: str) -> None:
    before, marked, after = re.split("[«»]", text)
    error = error_of(before + marked + after)
    assert (error.start, error.end) == (len(before), len(before + marked))
    assert says in error.message


def test_the_closest_of_many_names_are_suggested_and_a_long_value_is_cut() -> None:
    fields = {"f": NameField(np.array([0]), tuple(f"class {letter}{letter}" for letter in "abcdefghijkl"))}
    assert 'did you mean "class cc"' in error_of("f=klass_cc", fields).message
    assert "and 4 more" in error_of("f=12345678", fields).message
    assert "x" * 41 not in error_of("f=" + "x" * 500, fields).message
    assert "there are none" in error_of("f=a", {"f": NameField(np.array([-1]), ())}).message


def test_fields_must_be_there_and_of_one_length() -> None:
    for fields in ({}, {"a": NumberField(np.zeros(2)), "b": NumberField(np.zeros(3))}):
        with pytest.raises(ValueError, match="of one length") as caught:
            matches("", fields)
        assert not isinstance(caught.value, QueryError)


ALL_FIELDS = "set= label= broken_by= margin distance index"
OFFERS = {
    ALL_FIELDS: "|; set=S10 |; set=S10 (|; set=S11,S10 |; set=S1* |; label='tiger cat' |",
    "margin": "|mar; |MAR; |'mar",
    "broken_by= label=": "|b",
    "broken_by=": "|broken-; not |o",
    "set=": '|set; |"se',
    "or broken_by=": "set=S10 |o",
    "and label= margin distance": "set=S10 |a",
    "and distance": "(index<3) |AN",
    "not broken_by= margin distance index": "set=S10 or |n",
    "set= distance": "set=S10 !|s",
    "S11 S10 S01 S00": "set=|; set!=S10,|; set!='S10',|",
    "S11 S10": "set = |s1",
    "S11 S10 S01": "set: |1",
    "S01 S00": "set!=S10 , S11,|S0",
    "PGD-20 APGD-CE": "broken_by=|d-",
    "": "|margin; set=|S10; set=S11,|S10; set=|'S10'; set=|S1*; label=|zz; label<|; label |; margin<|; "
    "margin=|0; margin |; nofield=|; =|; ,|; |zz; (,|; |*; label=cat label=, , |x",
}


@pytest.mark.parametrize(
    ("offers", "text"), [(offers, t) for offers, texts in OFFERS.items() for t in texts.split("; ")]
)
def test_what_may_be_meant_is_offered(offers: str, text: str) -> None:
    kept, typed = text.split("|")
    assert complete(kept + typed, len(kept + typed), FIELDS) == [Completion(len(kept), new) for new in offers.split()]


def test_names_are_offered_once_in_the_quotes_they_need_and_those_that_begin_so_first() -> None:
    fields = {"f": NameField(np.array([0]), ("a cat", "cat", "cat", 'cat "b"', "Cat\\"))}
    offered = [Completion(2, text) for text in ("cat", r'"cat \"b\""', r'"Cat\\"', '"a cat"')]
    assert complete("f=ca", 4, fields) == offered
    assert complete('f="ca', 5, fields) == offered
    assert complete("f='cat \"", 8, fields) == [offered[1]]
    assert complete(r'f="cat \"', 9, fields) == [offered[1]]


def test_only_what_is_before_the_cursor_is_completed_and_no_more_than_asked_for() -> None:
    assert complete("set=S1 index<3", 6, FIELDS) == [Completion(4, "S11"), Completion(4, "S10")]
    assert complete("lab=cat", 3, FIELDS) == [Completion(0, "label")], "its operator is there already"
    assert complete("lab !=cat", 3, FIELDS) == [Completion(0, "label")]
    assert complete("lab !set=S10", 3, FIELDS) == [Completion(0, "label=")]
    assert complete("set=", 4, FIELDS, limit=2) == [Completion(4, "S11"), Completion(4, "S10")]
    assert len(complete("label=", 6, FIELDS)) == 8


@given(sentences, st.sampled_from(["", "and ", "OR ", "not ", "!"]), st.sampled_from(sorted(FIELDS)), st.data())
def test_what_is_accepted_is_no_mistake(sentence: Sentence, join: str, field: str, data: st.DataObject) -> None:
    begun = f"{sentence.short} {join}"
    typed = field[: data.draw(st.integers(0, len(field)))]
    for completion in complete(begun + typed, len(begun + typed), FIELDS):
        assert completion.start == len(begun)
        accepted = begun + completion.text
        assert error_of(accepted).start >= len(begun)
        finished = accepted + (" set=none" if completion.text in ("and", "or", "not") else "=none")
        rows(finished.replace("==", "="))
    if field in NAMED:
        begun += field + data.draw(st.sampled_from(["=", "!= ", "~", ": ", "=none ,"]))
        offered = [completion.text for completion in complete(begun, len(begun), FIELDS, limit=20)]
        assert offered == [quoted(name) for name in NAMED[field].names]
        for text in offered:
            rows(begun + text)
