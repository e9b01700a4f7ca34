"""Messages of the engine in the words of Python."""

import re
from pathlib import Path

import pytest

from thinice_tui.engine.preflight import outputs
from thinice_tui.errors import ModelError, UsageError
from thinice_tui.models import logits
from thinice_tui.python.wording import in_python, reword, words_of_python


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("--norm is 'L7', expected Linf or L2", "norm is 'L7', expected Linf or L2"),
        ("--batch-size is 'x'", "batch_size is 'x'"),
        ("give another file with --run, or repeat the command that made this one", "give another file with run"),
        ("repeat the command to continue, or browse the results", "call it again to continue, or browse the results"),
        (logits.REMEDY, "expected a tensor of logits: wrap it in a module that returns the logits alone"),
        ("--normalize svhn gives 97.9%", "the normalisation svhn gives 97.9%"),
        ("thinice-tui open a.thinice", "thinice-tui open a.thinice"),
    ],
)
def test_options_become_arguments(said: str, meant: str) -> None:
    assert in_python(said) == meant


def test_an_error_says_it_everywhere() -> None:
    error = ModelError("--arch is wrong", "give --arch")
    reword(error)
    assert (error.what, error.do, str(error)) == ("arch is wrong", "give arch", "arch is wrong")


def test_errors_are_reworded() -> None:
    with pytest.raises(UsageError, match=r"^seed is bad$"), words_of_python():
        raise UsageError("--seed is bad")


def test_no_remedy_of_the_outputs_check_names_an_option() -> None:
    source = Path(outputs.__file__).read_text()
    for text in re.findall(r'"([^"\n]*--[a-z][^"\n]*)"', source):
        assert "--" not in in_python(text) and "arch" not in in_python(text), text
