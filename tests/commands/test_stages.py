"""`--stages`: a whole run of listed stages, its label in every view, resuming, and what it cannot be joined with."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.commands.calling import LINEAR_MODELS_FILE, call, check_refused, error_text
from tests.engine_runs import assert_same_outcomes
from tests.linear_models import Files, write_files
from thinice_tui.analysis.comparison import analyse
from thinice_tui.protocol.request import Request
from thinice_tui.report.formats import FORMATS
from thinice_tui.runfile.reader import read_run
from thinice_tui.tui.content.run import progress, title

EPS = ("--eps", "4/255", "--batch-size", "8")
LIST = "pgd-3,APGD-CE:steps=10,square:queries=50"
WRITTEN = "pgd-3,apgd-ce:steps=10,square:queries=50"


def listed(files: Files, stages: str, *options: object) -> Sequence[object]:
    return [*files.arguments, *EPS, "--stages", stages, *options]


def test_a_list_runs_and_every_view_says_that_it_is_not_standard(files: Files) -> None:
    result = call(*listed(files, LIST, "--run", "a.thinice", "--format", "json"))
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    settings = found["run"]["settings"]
    assert (settings["attack"], settings["stages"]) == ("stages", WRITTEN)
    assert found["run"]["label"] == "not standard" and found["run"]["final"] is False
    assert found["run"]["stages_planned"] == ["PGD-3", "APGD-CE", "Square"]
    assert found["models"][0]["overestimation_gap"]["weak_attack"] == "PGD-3", "the first stage is the weak one"
    assert "robust accuracy ≤" in error_text(result)
    text = call("report", "a.thinice").stdout
    assert f"Linf eps 4/255 · not standard: {WRITTEN}" in " ".join(text.split()) and "overestimation by PGD-3" in text
    assert "upper bounds: these stages are not standard, see --attack standard" in " ".join(text.split())
    run = read_run(Path("a.thinice"))
    assert "not standard" in title(run, 1, 80).plain and not analyse(run).final
    assert f"finished: not standard: {WRITTEN}: upper bounds" in str(progress(run, False, 80))
    assert [stage.parameters["steps"] for stage in run.models[0].stages] == [3, 10, 50]


def test_every_report_format_has_the_label(files: Files) -> None:
    assert call(*listed(files, LIST, "--run", "a.thinice")).exit_code == 0
    for form in FORMATS:
        result = call("report", "a.thinice", "--format", form)
        assert result.exit_code == 0 and "not standard" in " ".join(result.stdout.split()), form


def test_the_first_stage_that_is_not_weak_gives_no_gap(files: Files) -> None:
    found = json.loads(call(*listed(files, "apgd-ce:steps=5,square:queries=20", "--format", "json")).stdout)
    assert found["models"][0]["overestimation_gap"] is None and found["comparisons"][0]["overestimation_gap"] is None


def test_an_ensemble_has_no_label(files: Files) -> None:
    found = json.loads(call(*files.arguments, *EPS, "--attack", "quick", "--format", "json").stdout)
    assert found["run"]["label"] is None and found["run"]["settings"]["stages"] is None


def test_equal_stages_give_the_outcomes_of_the_ensemble(files: Files) -> None:
    """The same names, so the same noise; and other names where a kind comes again."""
    assert call(*files.arguments, *EPS, "--attack", "quick", "--run", "quick.thinice").exit_code == 0
    same = "pgd-20,apgd-ce:steps=20,apgd-t:steps=20:targets=3"
    assert call(*listed(files, same, "--run", "same.thinice")).exit_code == 0
    assert_same_outcomes(read_run(Path("quick.thinice")), read_run(Path("same.thinice")))
    for name, list_ in (("one", "pgd-1"), ("two", "pgd-1,pgd-1")):
        assert call(*listed(files, list_, "--eps", "1/255", "--run", f"{name}.thinice")).exit_code == 0
    one, two = (read_run(Path(f"{name}.thinice")).models[0] for name in ("one", "two"))
    first_broke, second_broke = (two.broken_by == stage for stage in (0, 1))
    assert np.array_equal(first_broke, one.broken_by == 0) and (
        second_broke.any() or not np.array_equal(one.worst_margin, two.worst_margin)
    ), "another start"


def test_a_run_is_its_stages(files: Files) -> None:
    """Equal lists, however written, are the same run; others another, with another default file."""
    assert call(*listed(files, "pgd-3,square:queries=20")).exit_code == 0
    (path,) = Path("runs").glob("*.thinice")
    again = call(*listed(files, " PGD:steps=3,square:restarts=1:queries=20"))
    assert "finished already" in error_text(again) and again.exit_code == 0
    for other in ("pgd-3,square:queries=21", "pgd-3", "square:queries=20,pgd-3", "pgd-3,square:queries=20,pgd-3"):
        words = "attack was pgd:steps=3,square:queries=20:restarts=1, now "
        check_refused(call(*listed(files, other, "--run", path)), words, "another file with --run")
    check_refused(call(*files.arguments, *EPS, "--attack", "pgd-3", "--run", path), "now pgd-3", "--run")
    assert call(*listed(files, "pgd-3")).exit_code == 0 and len(list(Path("runs").glob("*.thinice"))) == 2


def test_an_interrupted_list_is_resumed_by_the_command_that_its_file_gives(files: Files) -> None:
    whole = call(*listed(files, LIST, "--run", "whole.thinice"))
    cut = call(*listed(files, LIST, "--run", "cut.thinice", "--time-limit", "0.001s"))
    assert (whole.exit_code, cut.exit_code) == (0, 130)
    assert "not standard" in cut.stdout and "PARTIAL" in cut.stdout
    stored = read_run(Path("cut.thinice")).info.request
    assert stored is not None
    _, *words = Request.from_dict({**stored, "time_limit": None}).command()
    assert words[words.index("--stages") + 1] == WRITTEN and "--attack" not in words
    other = call(*listed(files, "pgd-3,apgd-ce:steps=11,square:queries=50", "--run", "cut.thinice"))
    check_refused(other, "attack was pgd:steps=3,apgd-ce:steps=10", "--run")
    assert call(*words, "--report").exit_code == 0
    assert_same_outcomes(read_run(Path("cut.thinice")), read_run(Path("whole.thinice")))


def test_too_few_classes_for_a_listed_attack_are_noted(tmp_path: Path) -> None:
    few = write_files(tmp_path, classes=3)
    result = call(*listed(few, "apgd-t:steps=9,margin-t:steps=5:targets=4"))
    assert result.exit_code == 0, result.stderr
    for said in (error_text(result), " ".join(result.stdout.split())):
        assert "APGD-T's DLR loss needs 4 classes, the model has 3: the logit margin instead" in said
        assert "Margin-T was to have 4 targets, the model has 3 classes, so 2" in said


def test_a_dry_run_names_the_list(files: Files) -> None:
    result = call(*listed(files, LIST, "--dry-run"))
    assert result.exit_code == 0 and f"not standard: {WRITTEN}" in result.stdout and "PGD-3" in result.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--stages", "square", "--attack", "standard"], "--stages takes the place of --attack"),
        (["--stages", "sqaure"], "did you mean square?"),
        (["--stages", "square:querys=3"], "did you mean queries?"),
        (["--stages", ""], "a stage is empty"),
        (["--stages", "square", "--audit", "3"], "--audit and --no-escalate have no effect on --stages"),
        (["--stages", "square", "--no-escalate"], "have no effect on --stages"),
        (["--attack", ""], "expected quick, fast, standard, plus or pgd-K"),
    ],
)
def test_wrong_usage_exits_with_2_and_one_message(files: Files, options: list[str], message: str) -> None:
    result = call(*files.arguments, "--arch", LINEAR_MODELS_FILE + ":absent", *options)
    assert result.exit_code == 2 and message in error_text(result) and result.stdout == "", result.stderr
    assert not Path("runs").exists()
