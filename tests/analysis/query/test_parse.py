"""Whole queries: against a row-by-row reading in plain Python, on any text whatever, and each error's place."""

import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.analysis.query.sentences import FIELDS, ROWS, Sentence, any_character, error_of, rows, sentences, soup
from thinice_tui.analysis.query.complete import complete
from thinice_tui.analysis.query.fields import Field, Fields, LazyFields, NameField, NumberField
from thinice_tui.analysis.query.parse import matches
from thinice_tui.analysis.query.tokens import QueryError


@given(sentences)
def test_a_query_selects_the_rows_that_plain_python_selects_whatever_its_spacing(sentence: Sentence) -> None:
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
def test_an_error_is_the_same_behind_a_correct_condition(text: str) -> None:
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


MISTAKES = {
    "expected an operator after 'margin': one of = != < <= > >=": "«margin»; «margin» and set=S10; not (! «margin»)",
    "expected an operator after 'set': one of = != ~": "«set» !S10; «set»,label",
    "unknown field 'S11': choose from set, label, broken_by,": "«S11»=set; («S11»=set)",
    "unknown field": "«colour»=red; set=S10 «&&»; «margin*»=1; set=S10 or «*»; label=cat «sharq»; «or*»=1; «'or'»=1",
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
    "choose from S11, S10, S01, S00": "set=«S12»; set=S10,«nope*»; set=«'none'»; set=«''»; set!=«?*»",
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


def test_fields_must_be_there() -> None:
    with pytest.raises(ValueError, match="one or more fields") as caught:
        matches("", {})
    assert not isinstance(caught.value, QueryError)


def test_only_what_is_asked_for_is_computed() -> None:
    def never() -> Field:
        raise AssertionError("computed")

    rows = NumberField(np.array([1.0, 3.0]))
    fields = LazyFields({"margin": lambda: rows, "distance": never, "dense-margin": lambda: rows}, {})
    assert matches("margin<2", fields).tolist() == [True, False]
    assert matches("dense_margin>2", fields).tolist() == [False, True]
    assert matches("", fields).tolist() == [True, True]
    assert list(fields) == ["margin", "distance", "dense-margin"]
    with pytest.raises(QueryError, match="distance"):
        matches("distanc<2", fields)


def test_a_bare_word_is_looked_for_in_labels_and_predictions() -> None:
    names = ("tiger cat", "dog", "ship")
    fields: Fields = {
        "label": NameField(np.array([0, 1, 2, 1]), names),
        "dense": NameField(np.array([0, 0, 2, 1]), names),
        "pruned": NameField(np.array([0, 1, 2, -1]), names),
        "set": NameField(np.array([0, 0, 0, 0]), ("cat set",)),
    }
    assert rows("cat", fields) == [True, True, False, False], "and in no other field"
    assert rows("not CAT dog", fields) == [False, False, False, True]
    assert rows('"tiger c"', fields) == rows("cat", fields)
    assert "did you mean ship" in error_of("shipp", fields).message
