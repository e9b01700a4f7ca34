"""How options and arguments that are paths are read."""

from pathlib import Path

import pytest
import typer

from thinice_tui.commands.options import expanded_path


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert expanded_path("~/a.thinice") == Path("/somewhere/a.thinice")
    assert expanded_path("b/~/a.thinice") == Path("b/~/a.thinice")


def test_an_unknown_home_is_wrong_usage() -> None:
    with pytest.raises(typer.BadParameter, match=r"there is no such home.* write \./~nobody-of-that-name/a"):
        expanded_path("~nobody-of-that-name/a")
