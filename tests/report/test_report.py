"""Several runs at the command line: read together, or refused with what differs."""

import json
from pathlib import Path

import pytest

from tests.commands.calling import call
from tests.fake_runs import run_table, write_run
from tests.report.rendering import MODELS


def said(text: str) -> str:
    return " ".join(text.split())


def settings(**changed: object) -> dict[str, object]:
    stored = run_table(200, 5, "standard", [f"class {i}" for i in range(5)])["settings"]
    assert isinstance(stored, dict)
    return {"settings": stored | changed}


@pytest.fixture(autouse=True)
def runs() -> None:
    """In the current folder: a run, the same under another attack seed and by another ensemble."""
    write_run(Path("a.thinice"), MODELS)
    write_run(Path("b.thinice"), MODELS, more=settings(seed=4))
    write_run(Path("quick.thinice"), MODELS, more=settings(attack="quick"))


def test_a_repeat_adds_the_noise_floor_to_the_report() -> None:
    alone, both = call("report", "a.thinice", "--full"), call("report", "a.thinice", "b.thinice", "--full")
    assert both.exit_code == 0, both.stderr
    assert "under another seed" in both.stdout and "under another seed" not in alone.stdout
    assert "from a run of another attack seed, S10 and S11 from this one" in said(both.stdout)


def test_another_ensemble_stands_side_by_side() -> None:
    result = call("report", "a.thinice", "quick.thinice")
    assert "Left out here" in result.stdout
    assert result.exit_code == 0 and "The same models under standard and quick" in result.stdout
    found = json.loads(call("report", "a.thinice", "quick.thinice", "--format", "json").stdout)
    assert [run["part"] for run in found["several"]["runs"]] == ["training seed", "ensemble"]


def test_the_same_run_twice_exits_with_1() -> None:
    result = call("report", "a.thinice", "a.thinice")
    assert result.exit_code == 1 and "same models, seed and attack" in said(result.stderr) and result.stdout == ""


def test_runs_that_differ_exit_with_1_and_say_how() -> None:
    write_run(Path("l2.thinice"), MODELS, more=settings(norm="L2", eps={"text": "0.5", "value": 0.5}))
    write_run(Path("part.thinice"), MODELS, through=2, more=settings(seed=4))
    result = call("report", "a.thinice", "l2.thinice")
    assert result.exit_code == 1 and "its norm is L2, not Linf; its eps is 0.5, not 8/255" in said(result.stderr)
    result = call("report", "a.thinice", "part.thinice")
    assert result.exit_code == 1 and "is not finished" in said(result.stderr)


def test_a_gate_judges_the_first_run_of_repeats() -> None:
    assert call("report", "a.thinice", "b.thinice", "--fail-if", "nfr > 0").exit_code == 3


def test_training_seeds_are_read_together() -> None:
    models = {f"{model}2": role for model, role in MODELS.items()}
    write_run(Path("two.thinice"), models, seed=0)
    result = call("report", "a.thinice", "two.thinice")
    assert result.exit_code == 0 and "mean over 2 training seeds" in result.stdout, result.stderr
    assert call("report", "a.thinice", "two.thinice", "--format", "md").stdout.count("mean over 2 training seeds") == 1
    for options, message in (
        (("--fail-if", "nfr > 0"), "--fail-if judges one run"),
        (("--format", "csv"), "csv is for one run"),
        (("--format", "json", "--samples-in-report"), "is for one run"),
    ):
        result = call("report", "a.thinice", "two.thinice", *options)
        assert result.exit_code == 2 and message in said(result.stderr)
