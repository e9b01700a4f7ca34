"""The sentences on statistics: each is there exactly where the report shows what it describes."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fake_runs import write_run
from tests.report.rendering import words
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.analysis.paired import DRAWS, METHOD, SEED
from thinice_tui.report.references import WORKS
from thinice_tui.report.report_document import report_document
from thinice_tui.report.sections.statistics_methods import WORKS_OF_STATISTICS, statistics_sentences
from thinice_tui.runfile.records import Role

CONTROL: dict[str, Role] = {"dense": "dense", "half": "pruned", "again": "control"}
TWO_PRUNED: dict[str, Role] = {"dense": "dense", "half": "pruned", "less": "pruned", "again": "control"}
NO_CONTROL: dict[str, Role] = {"dense": "dense", "half": "pruned"}
ONLY_CONTROL: dict[str, Role] = {"dense": "dense", "again": "control"}


def run_of(folder: Path, models: dict[str, Role] = CONTROL, **run: object) -> Analysis:
    return analyse(write_run(folder / "a.thinice", models, **({"n": 400} | run)))  # type: ignore[arg-type]


def said_of(analysis: Analysis) -> str:
    return " ".join(statistics_sentences(analysis))


@pytest.mark.parametrize("models", [CONTROL, TWO_PRUNED, NO_CONTROL, ONLY_CONTROL], ids=list)
@pytest.mark.parametrize("run", [{}, {"through": 1}, {"flip": False}, {"n": 60}, {"classes": 2}], ids=str)
def test_a_method_is_named_exactly_where_its_result_is_shown(
    models: dict[str, Role], run: dict[str, object], tmp_path: Path
) -> None:
    analysis = run_of(tmp_path, models, **run)
    said, shown = said_of(analysis), words(report_document(analysis), 200).split("How these numbers were made")[0]
    classes, separated = "Flip rate S10/(S10+S11) by class" in shown, r"margin under attack \S+ \[.*?\] -?\d\.\d+ \["
    expected = {
        "Mann and Whitney 1947": "AUC of the dense margin" in shown,
        "(McNemar 1947)": "McNemar exact p" in shown,
        "(Mantel and Haenszel 1959)": "odds ratio: odds" in shown,
        "There was no control": "There is no control" in shown,
        "the pruned models and the control;": "excess NFR:" in shown and ", paired over samples" in shown,
        "(Bonett and Price 2012)": "excess NFR:" in shown or ", paired over samples" in shown,
        "by PGD-20 alone": ", paired over samples" in shown,
        "(Bahadur 1966)": re.search(r"The lowest 20 % of dense margins hold \S+ % \[", shown) is not None,
        "(Fisher 1922)": classes,
        "by DeLong's paired test": re.search(separated, shown) is not None,
        "pruned models against the control": "Holm's correction for all pruned models" in shown and len(models) == 4,
        "(Holm 1979)": classes or (models is TWO_PRUNED),
        "(Wright 1991)": False,
        "noise of the attacks": False,
    }
    assert {method: method in said for method in expected} == expected


def test_the_bootstrap_is_named_as_it_is_drawn(tmp_path: Path) -> None:
    assert f"with {DRAWS} draws, seed {SEED}" in said_of(run_of(tmp_path)) and f"{DRAWS} draws" in METHOD


def test_a_run_under_another_seed_and_an_audit_are_named(tmp_path: Path) -> None:
    analysis = run_of(tmp_path)
    assert "noise of the attacks" in said_of(replace(analysis, repeats=(analysis.run,)))
    assert "from the first of whose runs" in said_of(replace(analysis, repeats=(analysis.run, analysis.run)))
    models = []
    for model in analysis.run.models:
        *before, last = model.stages
        assert last.entered is not None
        audit = replace(last, parameters={"scope": "audit"}, entered=last.entered - 20)
        models.append(replace(model, stages=(*before, audit)))
    audited = analyse(replace(analysis.run, models=tuple(models)))
    assert "at most" in words(report_document(audited)) and "(Wright 1991)" in said_of(audited)


def test_one_model_alone_has_intervals_only(tmp_path: Path) -> None:
    assert said_of(run_of(tmp_path, {"dense": "dense"})) == "Intervals of proportions are Wilson's (Wilson 1927), 95 %."


def test_every_work_has_an_entry() -> None:
    assert {key for _, key in WORKS_OF_STATISTICS} <= set(WORKS)
