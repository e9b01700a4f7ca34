"""Several runs at the command line: read together, or refused with what differs."""

import json
from pathlib import Path

import pytest

from tests.commands.calling import call
from tests.fake_runs import run_table, write_run
from tests.report.rendering import MODELS
from tests.several_runs import seed_file
from thinice_tui.report.step_summary import VARIABLE


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
    assert [run["part"] for run in found["several"]["runs"]] == ["first run", "ensemble"]


def test_the_same_run_twice_exits_with_1() -> None:
    result = call("report", "a.thinice", "a.thinice")
    assert result.exit_code == 1 and "same weights, seed and attack" in said(result.stderr) and result.stdout == ""


def test_runs_that_differ_exit_with_1_and_say_how() -> None:
    write_run(Path("l2.thinice"), MODELS, more=settings(norm="L2", eps={"text": "0.5", "value": 0.5}))
    write_run(Path("part.thinice"), MODELS, through=2, more=settings(seed=4))
    result = call("report", "a.thinice", "l2.thinice")
    assert result.exit_code == 1 and "its norm is L2, not Linf; its eps is 0.5, not 8/255" in said(result.stderr)
    result = call("report", "a.thinice", "part.thinice")
    assert result.exit_code == 1 and "is not finished" in said(result.stderr)


@pytest.mark.parametrize("form", ["text", "md", "csv", "json", "latex", "html"])
def test_a_report_of_repeats_names_them_in_every_format(form: str) -> None:
    result = call("report", "a.thinice", "b.thinice", "--format", form)
    assert result.exit_code == 0, result.stderr
    assert all(name in result.stdout for name in ("a.thinice", "b.thinice", "attack seed", "first run")), form
    assert '"training seed"' not in result.stdout


def test_a_gate_judges_the_first_run_of_repeats() -> None:
    result = call("report", "a.thinice", "b.thinice", "--fail-if", "nfr > 0")
    assert result.exit_code == 3 and "nfr > 0: half has" in said(result.stderr)


def test_a_gate_judges_every_training_seed_and_names_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [seed_file(Path(f"seed-{seed}.thinice"), seed) for seed in range(3)]
    rates = [json.loads(call("report", run, "--format", "json").stdout)["comparisons"][0]["nfr"] for run in runs]
    limit = sorted(rates)[1]
    monkeypatch.setenv(VARIABLE, "summary.md")
    result = call("report", *runs, "--fail-if", f"nfr > {limit}", "-o", "a.md")
    assert result.exit_code == 3 and Path("a.md").exists()
    worst = runs[rates.index(max(rates))]
    assert f"half of {worst} has {max(rates):.4g}" in said(result.stderr) and result.stderr.count(".thinice") == 1
    text = Path("summary.md").read_text()
    assert "1 of 3 comparisons" in text and text.count("| half | seed-") == 3 and "mean over 3 training seeds" in text
    assert call("report", *runs, "--fail-if", f"nfr > {max(rates)}").exit_code == 0


def test_claims_are_shown_for_every_training_seed() -> None:
    runs = [seed_file(Path(f"seed-{seed}.thinice"), seed) for seed in range(2)]
    result = call("report", *runs, "--claim", "half=90@pgd-50")
    found = json.loads(call("report", *runs, "--claim", "half=90@pgd-50", "--format", "json").stdout)
    (claim,) = found["several"]["claims"]
    for value in claim["measured"]["values"]:
        assert f" {100 * value:.1f} " in said(result.stdout)
    means = [100 * claim[name]["mean"]["value"] for name in ("measured", "gap")]
    ranges = [[100 * claim[name][end] for end in ("least", "most")] for name in ("measured", "gap")]
    cells = [f"{mean:.1f} [{low:.1f}, {high:.1f}]" for mean, (low, high) in zip(means, ranges, strict=True)]
    text = call("report", *runs, "--claim", "half=90@pgd-50", "--format", "md").stdout.replace("\\", "")
    row = next(line for line in text.splitlines() if "mean [range]" in line)
    assert all(cell in row for cell in cells), (row, cells)


def test_training_seeds_are_read_together() -> None:
    models = {f"{model}2": role for model, role in MODELS.items()}
    write_run(Path("two.thinice"), models, seed=0)
    result = call("report", "a.thinice", "two.thinice")
    assert result.exit_code == 0 and "mean over 2 training seeds" in result.stdout, result.stderr
    assert call("report", "a.thinice", "two.thinice", "--format", "md").stdout.count("mean over 2 training seeds") == 1
    for options, message in (
        (("--format", "html"), "html is for one run"),
        (("--format", "json", "--samples-in-report"), "is for one run"),
    ):
        result = call("report", "a.thinice", "two.thinice", *options)
        assert result.exit_code == 2 and message in said(result.stderr)
