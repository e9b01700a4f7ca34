"""Control characters of text are replaced."""

from hypothesis import given
from hypothesis import strategies as st

from thinice_tui.safe_io.printable import REPLACEMENT, printable, printable_json, printable_lines


def test_control_characters_are_replaced_and_others_stay() -> None:
    assert printable("a\x1b[2Jb\n\u202ec") == f"a{REPLACEMENT}[2Jb{REPLACEMENT}{REPLACEMENT}c"
    assert printable("Köln 猫 −1") == "Köln 猫 −1"


@given(st.text())
def test_printed_text_is_printable_and_as_long(text: str) -> None:
    assert printable(text).isprintable() and len(printable(text)) == len(text)


def test_keys_and_values_of_json_are_replaced_and_numbers_stay() -> None:
    assert printable_json({"a\x07": ["\x1b", 1, None, {"b": "\r"}]}) == {
        f"a{REPLACEMENT}": [REPLACEMENT, 1, None, {"b": REPLACEMENT}]
    }


def test_line_ends_stay_in_lines() -> None:
    assert printable_lines("a\nb\x1b\n") == f"a\nb{REPLACEMENT}\n"
