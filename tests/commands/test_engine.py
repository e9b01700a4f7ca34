"""`engine`, the hidden command: what it refuses. tests/tui/test_engine_process.py tests the runs that it computes."""

from pathlib import Path

import pytest

from tests.commands.calling import call, error_text


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("", "the request is not JSON"),
        ("dense.pt", "the request is not JSON"),
        ('{"dense": "a.pt"', "the request is not JSON"),
        pytest.param("[" * 100_000, "the request is not JSON", id="deep"),
        ("null", "not readable"),
        ("[]", "not readable"),
        ("{}", "not readable"),
        ('{"dense": "a.pt"}', "not readable"),
        ('{"settings": {"seed": Infinity}}', "not readable"),
    ],
)
def test_a_malformed_request_exits_with_2_and_one_message(argument: str, message: str) -> None:
    result = call("engine", argument)
    assert result.exit_code == 2, repr(result.exception)
    assert result.stderr.startswith("error: ") and message in error_text(result)
    assert "Traceback" not in result.stderr and result.stdout == ""
    assert not list(Path.cwd().iterdir())


def test_it_is_not_in_the_list_of_commands() -> None:
    words = call("--help").stdout
    assert "compare" in words and " engine " not in words
