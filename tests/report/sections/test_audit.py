"""What the audit section says of each model, and of the run."""

from dataclasses import replace
from pathlib import Path

from tests.report.rendering import analysis_of, words
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.report.sections.audit import audit_section


def audited(folder: Path, *scopes: str, **run: object) -> Analysis:
    """A run of three stages, the last of which have these scopes."""
    made = analysis_of(folder, **run).run
    models = []
    for model in made.models:
        stages = [
            replace(stage, parameters={"scope": scope} if scope else {})
            for stage, scope in zip(model.stages, scopes, strict=True)
        ]
        models.append(replace(model, stages=tuple(stages)))
    return analyse(replace(made, models=tuple(models)))


def test_a_run_without_an_audit_has_no_section(tmp_path: Path) -> None:
    assert not list(audit_section(analysis_of(tmp_path)))


def test_an_audit_that_broke_samples_without_escalation_is_told_with_its_bound(tmp_path: Path) -> None:
    analysis = audited(tmp_path, "", "", "audit")
    text = words(audit_section(analysis))
    for summary in analysis.models:
        last = summary.stages[2]
        assert last.broken > 0
        assert f"{summary.model.record.name}: {last.broken} of {last.entered} audited samples broke" in text
    assert "at most 0 would fall" in text, "all that stood were audited"
    assert "Not escalated, as --no-escalate says" in text


def test_an_escalated_run_says_so(tmp_path: Path) -> None:
    text = words(audit_section(audited(tmp_path, "", "audit", "escalation")))
    assert "all others were then attacked, too" in text and "Escalated: every standing sample" in text


def test_an_unfinished_audit_says_so(tmp_path: Path) -> None:
    text = words(audit_section(audited(tmp_path, "", "audit", "escalation", through=1)))
    assert text == "" or "not finished" in text
    text = words(audit_section(audited(tmp_path / "b", "", "audit", "escalation", through=2)))
    assert "is not finished" in text
