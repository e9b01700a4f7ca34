"""Tokens: every text has some, and every name can be written."""

import re

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from tests.analysis.query.sentences import any_character, rows, soup
from thinice_tui.analysis.query.complete import Completion, complete
from thinice_tui.analysis.query.fields import Fields, NameField, NumberField
from thinice_tui.analysis.query.tokens import Token, quoted, shortened, tokenize


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


@given(st.text(any_character) | soup)
def test_tokens_cover_every_character_but_blanks_in_order(text: str) -> None:
    tokens = tokenize(text)
    place = 0
    for token in tokens:
        assert text[place : token.start].strip() == "" and token.end > token.start
        place = token.end
    assert text[place:].strip() == ""


def test_each_kind_of_token_is_told() -> None:
    found = [(token.kind, token.text, token.starred) for token in tokenize("""not a*=!( "x\\"y"* 'open""")]
    assert found == [
        ("keyword", "not", False),
        ("word", "a", True),
        ("operator", "=", False),
        ("symbol", "!", False),
        ("symbol", "(", False),
        ("quoted", 'x"y', True),
        ("unclosed", "open", False),
    ]


def test_a_quoted_keyword_is_a_name_and_a_bare_none_is_the_unknown() -> None:
    keyword, name, unknown, quoted_none = tokenize("or 'or' NONE 'none'")
    assert keyword.is_one_of("or") and not name.is_one_of("or") and name.is_word and not keyword.is_word
    assert unknown.is_unknown and not quoted_none.is_unknown


def test_a_token_in_a_message_is_short_and_harmless() -> None:
    assert Token("word", "\x1b" + "x" * 100, True, 0, 5).shown == "'\N{REPLACEMENT CHARACTER}" + "x" * 39 + "…'"
    assert shortened("short") == "short"
