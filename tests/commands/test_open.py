"""`open` without a terminal, and with a file that is no run file."""

from pathlib import Path

from tests.commands.calling import call, check_refused, error_text
from tests.fake_runs import write_run
from tests.several_runs import seed_file


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


def test_runs_that_do_not_belong_together_are_refused_as_in_a_report(tmp_path: Path) -> None:
    one = seed_file(tmp_path / "a.thinice", 0)
    wrong = {
        "its norm is L2, not Linf": seed_file(tmp_path / "b.thinice", 1, norm="L2"),
        "it has 100 samples, not 200": seed_file(tmp_path / "c.thinice", 1, n=100),
        "attacked by standard and quick": seed_file(tmp_path / "d.thinice", 1, attack="quick"),
        "same weights, seed and attack": one,
    }
    for message, other in wrong.items():
        opened, reported = call("open", one, other), call("report", one, other)
        check_refused(opened, message, "")
        assert opened.stderr == reported.stderr and reported.exit_code == 1


def test_several_runs_may_be_going_on(tmp_path: Path) -> None:
    runs = [seed_file(tmp_path / f"{seed}.thinice", seed, through=seed) for seed in (1, 2, 3)]
    result = call("open", *runs)
    assert result.exit_code == 2 and "there is no terminal" in error_text(result)
    assert " ".join(map(str, runs)) in error_text(result)
    check_refused(call("report", *runs), "is not finished", "finish it")
