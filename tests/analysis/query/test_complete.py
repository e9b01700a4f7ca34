"""Completions: what may follow, in the quotes it needs, and never a mistake."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.query.sentences import FIELDS, NAMED, Sentence, error_of, rows, sentences
from thinice_tui.analysis.query.complete import Completion, complete
from thinice_tui.analysis.query.fields import NameField
from thinice_tui.analysis.query.tokens import quoted

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
def test_completions_are_what_the_text_can_become(offers: str, text: str) -> None:
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
def test_an_accepted_completion_is_never_an_error(
    sentence: Sentence, join: str, field: str, data: st.DataObject
) -> None:
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
