"""What is printed after the interface."""

from thinice_tui.tui.exit_message import exit_message


def test_it_says_how_to_come_back() -> None:
    assert exit_message("", ["a.thinice"], False) == "look again: thinice-tui open a.thinice"
    assert exit_message("", ["a.thinice", "b.thinice"], False).endswith("open a.thinice b.thinice")
    assert exit_message("stopped", ["a.thinice"], True) == "stopped\nlook again: thinice-tui open a.thinice"
    assert exit_message("", ["a.thinice"], True).startswith("the attack goes on in the background\n")
    assert exit_message("no run", [], True) == "no run"


def test_it_writes_nothing_that_a_terminal_obeys() -> None:
    assert "\x1b" not in exit_message("", ["a\x1b[2J.thinice"], False)
