"""The methods paragraph: what ran, no more and no less, and the works that it names."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fake_runs import write_run
from tests.report.rendering import analysis_of
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.analysis.diagnostics import TRANSFER_CHECK
from thinice_tui.protocol.ensembles import ENSEMBLES
from thinice_tui.report.json_report import json_report
from thinice_tui.report.references import WORKS
from thinice_tui.report.sections.methods import CITED, methods_bibtex, methods_paragraph
from thinice_tui.runfile.records import Finding


def keys(analysis: Analysis) -> set[str]:
    return set(re.findall(r"@\w+\{(\w+)", methods_bibtex(analysis)))


def ran(analysis: Analysis, kind: str, **parameters: object) -> Analysis:
    """The same run, with this as its first attack."""
    models = []
    for model in analysis.run.models:
        first = replace(model.stages[0], name=kind.upper(), parameters={"kind": kind, **parameters})
        models.append(replace(model, stages=(first, *model.stages[1:])))
    return analyse(replace(analysis.run, models=tuple(models)))


def test_the_paragraph_names_data_threat_model_attacks_and_seed(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path)
    text = methods_paragraph(analysis).text
    for said in (
        *("a dense model and 2 others", "200 samples", "thinice-tui 0.1.0", "Linf threat model", "eps = 8/255"),
        *("AutoAttack's standard ensemble", "PGD-20 (Madry et al. 2018) with 20 steps", "seed 3", "verified"),
        *("APGD-CE (Croce and Hein 2020a) with 20 steps", "McNemar's exact test"),
    ):
        assert said in text, said
    assert "not finished" not in text and "bf16" not in text and "distances" not in text


def test_every_work_named_has_its_entry_and_no_other(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path)
    paragraph = methods_paragraph(analysis)
    named = set(re.findall(r"\([^()]*\d{4}[a-z]?\)", paragraph.text))
    assert {words for words, _ in paragraph.citations} == named
    assert keys(analysis) == {key for _, key in paragraph.citations} | {"thinicetui"} <= set(WORKS)
    assert "andriushchenko2020square" not in keys(analysis), "no Square stage ran"


def test_a_stage_that_attacked_nothing_is_not_named(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, through=1)
    text = methods_paragraph(analysis).text
    assert "The run was not finished" in text and "APGD-CE" not in text and "PGD-20" in text


@pytest.mark.parametrize("kind", sorted({stage.kind for one in ENSEMBLES.values() for stage in one.stages}))
def test_every_attack_of_an_ensemble_is_cited(kind: str, tmp_path: Path) -> None:
    analysis = ran(analysis_of(tmp_path), kind, steps=7, restarts=5, targets=9)
    said = methods_paragraph(analysis).text
    unit = "queries" if kind == "square" else "steps"
    assert re.search(rf"{kind.upper()} \([^)]+ \d{{4}}\w?\) with 7 {unit}, 5 restarts and 9 targets", said), said
    assert kind.startswith("apgd") or CITED[kind][1] in keys(analysis)


def test_an_attack_that_is_not_known_is_named_without_a_work(tmp_path: Path) -> None:
    assert "NEWS with 7 steps;" in methods_paragraph(ran(analysis_of(tmp_path), "news", steps=7)).text


def test_one_model_alone_is_not_compared(tmp_path: Path) -> None:
    analysis = analyse(write_run(tmp_path / "a.thinice", {"dense": "dense"}))
    text = methods_paragraph(analysis).text
    assert "We evaluated a dense model on" in text and "McNemar" not in text and "Wilson" in text


def test_checks_of_the_attacks_and_the_transfer_check_are_named_where_they_were_made(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path)
    cases = ((), False, False), (("gradients vanish",), True, False), ((TRANSFER_CHECK,), False, True)
    for checks, failure, transfer in cases:
        found = tuple(Finding("half", check, 0, 9, False) for check in checks)
        text = methods_paragraph(analyse(replace(analysis.run, findings=found))).text
        assert ("(Pintor et al. 2022)" in text) == failure
        assert ("Adversarial images that broke one model were also tried" in text) == transfer


def test_the_json_report_has_the_same(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path)
    assert json_report(analysis)["methods"] == {
        "paragraph": methods_paragraph(analysis).text,
        "bibtex": methods_bibtex(analysis),
    }
