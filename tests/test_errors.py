"""Errors say what happened and what to do; another library's error is one line."""

import pytest

from thinice_tui.errors import DataError, RunBusyError, RunFileError, ThiniceError, UsageError, reason


def test_an_error_has_a_message_a_remedy_and_an_exit_code() -> None:
    error = DataError("a.npz: is empty", "copy it again")
    assert (str(error), error.what, error.do, error.exit_code) == (
        "a.npz: is empty",
        "a.npz: is empty",
        "copy it again",
        1,
    )
    assert UsageError("a").exit_code == 2 and UsageError("a").do == ""
    assert issubclass(RunBusyError, RunFileError) and issubclass(RunFileError, ThiniceError)


class TextlessError(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("first\nsecond"), "ValueError: first"),
        (KeyError(), "KeyError"),
        (OSError("x" * 500), "OSError: " + "x" * 200),
        (TextlessError(), "TextlessError"),
    ],
)
def test_another_librarys_error_is_its_type_and_first_line(error: Exception, line: str) -> None:
    assert reason(error) == line
