"""How options and arguments that are paths are read."""

from pathlib import Path

import pytest
import typer

from thinice_tui.commands.options import expanded_path, with_trust_values


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert expanded_path("~/a.thinice") == Path("/somewhere/a.thinice")
    assert expanded_path("b/~/a.thinice") == Path("b/~/a.thinice")


def test_an_unknown_home_is_wrong_usage() -> None:
    with pytest.raises(typer.BadParameter, match=r"there is no such home.* write \./~nobody-of-that-name/a"):
        expanded_path("~nobody-of-that-name/a")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("a.pt --trust-pickle b.pt", "a.pt --trust-pickle=yes b.pt"),
        ("a.pt b.pt --trust-pickle", "a.pt b.pt --trust-pickle=yes"),
        ("a.pt --trust-pickle b=yes c.pt", "a.pt --trust-pickle b=yes c.pt"),
        ("--trust-pickle --trust-pickle dense=no a.pt", "--trust-pickle=yes --trust-pickle dense=no a.pt"),
        ("--trust-pickle=no a.pt", "--trust-pickle=no a.pt"),
        ("a.pt --trust-pickle no b.pt", "a.pt --trust-pickle no b.pt"),
        ("a.pt -- --trust-pickle", "a.pt -- --trust-pickle"),
    ],
)
def test_trust_is_a_flag_or_names_a_role(typed: str, read: str) -> None:
    assert with_trust_values(typed.split()) == read.split()
