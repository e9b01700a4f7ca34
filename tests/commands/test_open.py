"""`open` without a terminal, and with a file that is no run file."""

from pathlib import Path

from tests.commands.calling import call, check_refused, error_text
from tests.fake_runs import write_run


def test_without_a_terminal_it_names_the_text_report(tmp_path: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"})
    result = call("open", "a.thinice")
    assert result.exit_code == 2 and "thinice-tui report a.thinice" in error_text(result)


def test_a_file_that_is_no_run_file_is_refused_before_the_terminal_is_taken() -> None:
    Path("a.thinice").write_text("text " * 100)
    check_refused(call("open", "a.thinice"), "a.thinice", "expected NAME.thinice")
    check_refused(call("open", "absent.thinice"), "no such run file", "compare")


def test_without_a_name_and_a_terminal_it_says_what_is_expected() -> None:
    result = call("open")
    assert result.exit_code == 2 and "expected RUN.thinice" in error_text(result)
