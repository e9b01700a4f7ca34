"""What the audit section says of each model, and of the run."""

from dataclasses import replace
from pathlib import Path

from tests.report.rendering import analysis_of, words
from thinice_tui.analysis.audit import missed_bound
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.report.sections.audit import audit_section


def audited(folder: Path, *scopes: str, left: int = 0, **run: object) -> Analysis:
    """A run of three stages, the last of which have these scopes. left: standing samples that its audits leave out."""
    made = analysis_of(folder, **run).run
    models = []
    for model in made.models:
        stages = [
            replace(
                stage,
                parameters={"scope": scope} if scope else {},
                entered=stage.entered - left if scope == "audit" and stage.entered else stage.entered,
            )
            for stage, scope in zip(model.stages, scopes, strict=True)
        ]
        models.append(replace(model, stages=tuple(stages)))
    return analyse(replace(made, models=tuple(models)))


def test_a_run_without_an_audit_has_no_section(tmp_path: Path) -> None:
    assert not list(audit_section(analysis_of(tmp_path)))


def test_an_audit_that_broke_samples_without_escalation_is_told_with_its_bound(tmp_path: Path) -> None:
    analysis = audited(tmp_path, "", "", "audit", left=60)
    text = words(audit_section(analysis))
    for summary in analysis.models:
        last = summary.stages[2]
        assert last.broken > 0
        assert f"{summary.model.record.name}: {last.broken} of {last.entered} audited samples broke" in text
        bound = missed_bound((last.entered or 0) + 60, last.entered or 0, last.broken)
        assert f"of the others at most {bound} would fall" in text and bound > 0
    assert "on a random part of what the fast attacks leave" in text
    assert "Not escalated, as --no-escalate says" in text


def test_where_all_that_stood_were_audited_there_are_no_others(tmp_path: Path) -> None:
    text = words(audit_section(audited(tmp_path, "", "", "audit")))
    assert "on all that the fast attacks leave" in text and "no others are left to attack" in text
    assert "would fall" not in text and "rest on it alone" not in text
    assert text.endswith("every standing sample of every model went through FAB-T and Square in the audit.")


def test_an_escalated_run_says_so(tmp_path: Path) -> None:
    text = words(audit_section(audited(tmp_path, "", "audit", "escalation", left=9)))
    assert "all others were then attacked, too" in text and "Escalated: every standing sample" in text


def test_an_unfinished_audit_says_so(tmp_path: Path) -> None:
    text = words(audit_section(audited(tmp_path, "", "audit", "escalation", through=1)))
    assert text == "" or "not finished" in text
    text = words(audit_section(audited(tmp_path / "b", "", "audit", "escalation", through=2)))
    assert "is not finished" in text
