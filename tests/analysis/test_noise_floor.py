"""The noise floor: a model against itself under another seed of the attacks."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.analysis.runs_of_models import analysed
from tests.report.rendering import words
from thinice_tui.analysis.audit import is_escalated
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.noise_floor import noise_floor
from thinice_tui.report.sections.excess import noise_table
from thinice_tui.runfile.records import ModelOutcomes, Run


def test_it_counts_what_another_seed_breaks(tmp_path: Path) -> None:
    run = analysed(tmp_path).run
    standing = np.flatnonzero((run.models[0].broken_by < 0) & (run.models[0].clean_prediction == run.labels))
    broken = np.flatnonzero(run.models[0].broken_by == 2)
    fates = run.models[0].broken_by.copy()
    fates[standing[:3]], fates[broken[:2]] = 1, -1
    again = replace(run, models=(replace(run.models[0], broken_by=fates), *run.models[1:]))
    dense, half, *_ = noise_floor(analyse(run, repeats=(again,)))
    assert (dense.model, dense.sets.counts()["S10"], dense.sets.counts()["S01"]) == ("dense", 3, 2)
    assert dense.nfr.value == 3 / 200 and dense.nfr.low < 3 / 200 < dense.nfr.high and dense.pfr.value == 2 / 200
    assert half.nfr.value == half.pfr.value == 0


def test_a_partial_repeat_counts_only_what_both_have_finished(tmp_path: Path) -> None:
    whole, part = analysed(tmp_path).run, analysed(tmp_path, through=1).run
    assert all(one.nfr.value == one.pfr.value == 0 for one in noise_floor(analyse(whole, repeats=(part,))))


def test_where_one_was_escalated_and_the_other_not_what_came_before_the_audit_is_compared(tmp_path: Path) -> None:
    """Else all that the escalation broke would count as noise."""
    run = analysed(tmp_path).run

    def scoped(run: Run, *scopes: str) -> Run:
        def model(one: ModelOutcomes) -> ModelOutcomes:
            pairs = zip(one.stages, scopes, strict=True)
            return replace(one, stages=tuple(replace(stage, parameters={"scope": scope}) for stage, scope in pairs))

        return replace(run, models=tuple(map(model, run.models)))

    escalated = scoped(run, "all", "audit", "escalation")
    spared = tuple(replace(one, broken_by=np.where(one.broken_by > 0, -1, one.broken_by)) for one in escalated.models)
    other = replace(escalated, models=spared)
    assert is_escalated(escalated) is True and is_escalated(other) is False
    assert all(one.nfr.value == one.pfr.value == 0 for one in noise_floor(analyse(escalated, repeats=(other,))))
    assert any(one.pfr.value > 0 for one in noise_floor(analyse(escalated, repeats=(scoped(other, *["all"] * 3),))))
    text = words(noise_table(analyse(escalated, repeats=(other,))))
    assert "compared through the stages before the audit" in text


def test_one_run_alone_tells_no_noise(tmp_path: Path) -> None:
    assert noise_floor(analysed(tmp_path)) == ()
