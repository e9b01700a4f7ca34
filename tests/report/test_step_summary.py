"""Gates where the user is: exit codes of the command, and the summary of a job on GitHub."""

from pathlib import Path

import pytest

from tests.commands.calling import call
from tests.fake_runs import write_run
from tests.report.rendering import MODELS
from thinice_tui.report.step_summary import VARIABLE


@pytest.fixture
def run() -> Path:
    """A finished run in the current folder."""
    write_run(Path("a.thinice"), MODELS)
    return Path("a.thinice")


def said(text: str) -> str:
    return " ".join(text.split())


def test_a_gate_that_passes_changes_nothing(run: Path) -> None:
    plain, gated = call("report", run), call("report", run, "--fail-if", "nfr > 0.9", "--fail-if", "nfr.low > 0.9")
    assert (gated.exit_code, gated.stderr) == (0, "") and gated.stdout == plain.stdout


def test_a_gate_that_fails_exits_with_3_after_the_report(run: Path) -> None:
    result = call("report", run, "--fail-if", "nfr > 0", "--fail-if", "pfr > 0.9", "-o", "a.json")
    assert result.exit_code == 3 and Path("a.json").stat().st_size > 1000
    assert "nfr > 0: half has 0." in said(result.stderr) and "pfr" not in result.stderr


def test_a_partial_run_exits_with_3() -> None:
    write_run(Path("a.thinice"), MODELS, through=2)
    result = call("report", "a.thinice", "--fail-if", "nfr > 0.9")
    assert result.exit_code == 3 and "cannot be decided, the run is not complete" in said(result.stderr)
    assert "PARTIAL" in result.stdout


@pytest.mark.parametrize("gate", ["nrf > 0", "nfr@tenth > 0", "nfr", "claim_gap > 0"])
def test_a_gate_that_is_wrong_exits_with_2_before_anything_is_written(run: Path, gate: str) -> None:
    result = call("report", run, "--fail-if", gate, "-o", "a.txt")
    assert result.exit_code == 2 and "--fail-if" in result.stderr and not Path("a.txt").exists()


def test_a_claim_of_no_model_exits_with_2(run: Path) -> None:
    result = call("report", run, "--claim", "tenth=90@pgd-50")
    assert result.exit_code == 2 and result.stdout == "" and "expected dense, half, again" in said(result.stderr)


def test_the_summary_of_the_job_is_appended(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "summary.md")
    Path("summary.md").write_text("before\n")
    assert call("report", run).exit_code == 0
    assert Path("summary.md").read_text() == "before\n", "without a gate there is nothing to sum up"
    assert call("report", run, "--fail-if", "nfr > 0", "--fail-if", "pfr > 0.9").exit_code == 3
    text = Path("summary.md").read_text()
    assert text.startswith("before\n") and "Gate failed" in text and "1 of 2 comparisons" in text
    assert "| nfr \\> 0 | half | 0." in text and "passes" in text and "Models" in text


def test_a_summary_that_cannot_be_written_is_an_error(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "no/such/folder.md")
    result = call("report", run, "--fail-if", "nfr > 0.9")
    assert result.exit_code == 1 and VARIABLE in result.stderr


def test_compare_checks_gates_and_claims_before_it_reads_files() -> None:
    for option, message in (
        (("--fail-if", "nfr@third > 0"), "nfr is not known of third"),
        (("--fail-if", "excess_nfr > 0"), "needs a control"),
        (("--claim", "third=60@pgd-50"), "expected dense, half"),
    ):
        result = call("compare", "dense.pt", "half.pt", "--report", *option)
        assert result.exit_code == 2 and message in said(result.stderr), result.stderr
    result = call("compare", "dense.pt", "half.pt", "--fail-if", "nfr > 0")
    assert result.exit_code == 2 and "add --report" in result.stderr
