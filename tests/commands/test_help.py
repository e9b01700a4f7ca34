"""Help texts: sentences, two examples a command, no types where there is nothing to type."""

import re
from typing import get_type_hints

import pytest
from typer.models import CommandInfo

from tests.commands.calling import call
from thinice_tui.commands.app import app
from thinice_tui.commands.help import examples

COMMANDS = [command.name for command in app.registered_commands if not command.hidden]


def help_of(*command: str) -> str:
    result = call(*command, "--help")
    assert result.exit_code == 0
    return result.stdout


def test_examples_are_one_a_line() -> None:
    assert examples("one", "two").splitlines() == ["Examples:", "  one", "  two"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_two_examples_that_fit_80_columns(command: str) -> None:
    text = help_of(command)
    found = re.findall(
        r"^ +((?:python -m thinice_tui|thinice-tui) .*?) *$", text.partition("Examples:")[2], re.MULTILINE
    )
    assert len(found) == 2
    assert all(len(line) < 80 and f" {command}" in line for line in found), found


@pytest.mark.parametrize("command", app.registered_commands, ids=lambda command: command.name)
def test_every_option_is_explained_by_a_sentence(command: CommandInfo) -> None:
    assert command.callback is not None
    for name, hint in get_type_hints(command.callback, include_extras=True).items():
        for option in getattr(hint, "__metadata__", ()):
            assert re.fullmatch(r"[A-Z].*[.…]", option.help), f"{name}: {option.help!r}"


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_no_type_is_shown_where_nothing_is_typed(command: str) -> None:
    text = help_of(*command.split())
    assert "<bool>" not in text and "<Path>" not in text and "completion" not in text.partition("Tab completion")[0]
