"""The audit of `fast` and what follows from it, in whole runs through the engine and the command."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.commands.calling import call
from tests.engine_runs import StopAfter, assert_same_outcomes, request, run_it
from tests.linear_models import Files
from tests.places import LINEAR_MODELS
from thinice_tui.analysis.audit import audit_of, flips_by_audit, is_escalated
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.analysis.flip_sets import flip_sets
from thinice_tui.errors import RunFileError
from thinice_tui.protocol.ensembles import ENSEMBLES
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings
from thinice_tui.report.sections.methods import methods_paragraph
from thinice_tui.runfile.records import Run

HIDDEN = f"{LINEAR_MODELS}:staircase"
"""A model without gradients: only random search breaks what stands after the random starts."""
AUDITED, AFTER = (3, 4), (5, 6)
"""The ordinals of the audit's stages and of the escalation's."""


@pytest.fixture(autouse=True)
def short_attacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stages of `fast` with fewer steps."""
    usual = ENSEMBLES["fast"]
    short = tuple(replace(stage, steps=stage.steps * 3 // 10) for stage in usual.stages)
    monkeypatch.setitem(ENSEMBLES, "fast", replace(usual, stages=short))


def fast(files: Files, path: Path, audit: str | None = None, escalate: bool = True, **changes: object) -> Request:
    settings = Settings.build("Linf", "4/255", "fast", batch_size="8", audit=audit, escalate=escalate)
    return request(files, path, settings=settings, control=None, samples=48, **changes)


def entered(run: Run, ordinals: tuple[int, int]) -> list[int | None]:
    return [model.stages[ordinal].entered for model in run.models for ordinal in ordinals]


def test_where_the_audit_breaks_nothing_nothing_follows_and_the_bound_is_told(files: Files, tmp_path: Path) -> None:
    run = run_it(fast(files, tmp_path / "a.thinice", "3"))
    assert is_escalated(run) is False and not analyse(run).final and run.complete
    assert entered(run, AFTER) == [0, 0, 0, 0] and all(stage.finished for stage in run.models[0].stages)
    for model in run.models:
        audit = audit_of(run, model)
        assert audit is not None and (audit.audited, audit.broken) == (3, 0) and audit.standing > 3
        assert audit.bound is not None and 0 < audit.bound <= audit.standing - 3
    said = " ".join(call("report", str(tmp_path / "a.thinice")).stdout.split())
    assert "fast, not escalated: robust accuracies are upper bounds" in said and "0 of 3 audited samples broke" in said
    assert "exact hypergeometric 95 % bound" in said and "equal" not in said.partition("Audit")[2].partition("AUC")[0]
    assert said.count("not run") >= 4, "the stages of the escalation"
    methods = methods_paragraph(analyse(run)).text
    assert methods.count("Square") == 1 and "The audit attacked a random part" in methods
    told = json.loads(call("report", str(tmp_path / "a.thinice"), "--format", "json").stdout)["models"][0]["audit"]
    assert told["escalated"] is False and told["audited"] == 3


def test_a_broken_audit_sends_all_samples_of_all_models_through_its_attacks(files: Files, tmp_path: Path) -> None:
    """The outcomes are those of an audit of everything, also after a stop in the middle."""
    run = run_it(fast(files, tmp_path / "a.thinice", "8", arch=HIDDEN))
    assert is_escalated(run) is True and analyse(run).final
    everything = run_it(fast(files, tmp_path / "b.thinice", "all", arch=HIDDEN))
    assert entered(everything, AFTER) == [0, 0, 0, 0]
    for one, other in zip(run.models, everything.models, strict=True):
        assert np.array_equal(one.broken_by >= 0, other.broken_by >= 0)
        assert np.allclose(one.worst_margin, other.worst_margin, atol=1e-3)
        fell_later = np.isin(one.broken_by, AFTER).sum()
        assert fell_later > 0 and np.isin(one.broken_by, AUDITED).sum() > 0
        audit = audit_of(run, one)
        assert audit is not None and audit.bound == 0 and one.stages[5].entered == audit.standing - audit.audited
    cut = fast(files, tmp_path / "c.thinice", "8", arch=HIDDEN)
    for passes in (500, 1500):
        with pytest.raises(KeyboardInterrupt):
            run_it(cut, StopAfter(passes))
    assert_same_outcomes(run_it(cut), run)
    assert "Escalated: every standing sample" in call("report", str(tmp_path / "c.thinice")).stdout


def test_without_escalation_the_audits_breaks_count_and_nothing_more(files: Files, tmp_path: Path) -> None:
    run = run_it(fast(files, tmp_path / "a.thinice", "8", escalate=False, arch=HIDDEN))
    assert len(run.models[0].stages) == 5 and is_escalated(run) is False and not analyse(run).final
    audit = audit_of(run, run.models[0])
    assert audit is not None and audit.broken > 0 and audit.bound is not None and audit.bound > 0
    said = " ".join(call("report", str(tmp_path / "a.thinice")).stdout.split())
    assert "Not escalated, as --no-escalate says" in said
    sets = flip_sets(*(robust_correct(run, model, 5) for model in run.models))
    fell = [np.isin(model.broken_by, AUDITED) for model in run.models]
    flips = int((sets.s10 & fell[1]).sum() + (sets.s01 & fell[0]).sum())
    assert flips_by_audit(run) == flips and (f"{flips} flip" in said and "on it alone" in said) == (flips > 0)
    with pytest.raises(RunFileError, match="its audit was without escalation, now with"):
        run_it(fast(files, tmp_path / "a.thinice", "8", arch=HIDDEN))


def test_an_audit_of_no_sample_says_that_nothing_is_known(files: Files, tmp_path: Path) -> None:
    run = run_it(fast(files, tmp_path / "a.thinice", "0", arch=HIDDEN))
    assert is_escalated(run) is False and entered(run, AUDITED) == entered(run, AFTER) == [0, 0, 0, 0]
    said = " ".join(call("report", str(tmp_path / "a.thinice")).stdout.split())
    assert "No sample was audited: how many the fast attacks miss is not known" in said and "broke nothing" not in said
    planned = json.loads(
        call(*files.arguments, "--dry-run", "--format", "json", "--attack", "fast", "--audit", "0").stdout
    )
    assert [stage["forwards"] for stage in planned["stages"]][AUDITED[0] :] == [0, 0, 0, 0]


def test_the_options_are_for_fast_and_part_of_what_a_run_is(files: Files, tmp_path: Path) -> None:
    command = [*files.arguments, "--report", "--dry-run"]
    for options in (["--audit", "3"], ["--no-escalate"]):
        result = call(*command, "--attack", "quick", *options)
        assert result.exit_code == 2 and "they are for --attack fast" in " ".join(result.stderr.split())
    assert call(*command, "--attack", "fast", "--audit", "some").exit_code == 2
    path = tmp_path / "a.thinice"
    run_it(fast(files, path, "5"))
    other = fast(files, path, "6")
    with pytest.raises(Exception, match="audit was 5, now 6"):
        run_it(other)
    command = replace(other, settings=replace(other.settings, escalate=False)).command()
    assert "--no-escalate" in command and command[command.index("--audit") + 1] == "6"
