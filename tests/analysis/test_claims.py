"""Claims beside the measured numbers: comparable or not, and why."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.analysis.runs_of_models import analysed
from thinice_tui.analysis.claims import CheckedClaim, checked_claims
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.errors import UsageError
from thinice_tui.protocol.claims import parse_claims


@pytest.fixture
def analysis(tmp_path: Path) -> Analysis:
    return analysed(tmp_path)


def checked(analysis: Analysis, text: str) -> CheckedClaim:
    (found,) = checked_claims(analyse(analysis.run, parse_claims([text])))
    return found


def test_a_claim_stands_beside_the_measured_number(analysis: Analysis) -> None:
    found = checked(analysis, "half=90@pgd-50")
    robust = analysis.models[1].robust_accuracy
    assert robust is not None and found.measured == robust.value and found.gap == pytest.approx(0.9 - robust.value)
    assert found.comparable and found.assumed == ("norm", "eps", "samples") and found.own_weak is None


def test_a_claim_by_the_runs_own_attack_is_beside_that_too(analysis: Analysis) -> None:
    weak = analysis.models[1].stages[0].robust_accuracy_after
    assert weak is not None and checked(analysis, "half=90@pgd-20").own_weak == weak.value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("half=90@pgd-50,eps=0.031", "its eps is 0.031, the run's 8/255"),
        ("half=90@pgd-50,norm=L2", "it is for L2, the run for Linf"),
        ("half=90@pgd-50,samples=10000", "it is on 10000 samples, the run on 200"),
        ("half=90@plus", "it is under plus, no weaker than the run's standard"),
        ("half=90@aa", "it is under aa, no weaker than the run's standard"),
    ],
)
def test_what_speaks_against_a_comparison_is_said(analysis: Analysis, text: str, reason: str) -> None:
    found = checked(analysis, text)
    assert not found.comparable and found.against == (reason,)


@pytest.mark.parametrize("text", ["half=90@quick,eps=8/255,norm=Linf,samples=200", "half=90@fgsm,eps=0.03137254902"])
def test_what_agrees_speaks_for_it(analysis: Analysis, text: str) -> None:
    assert checked(analysis, text).comparable


@pytest.mark.parametrize(("claimed", "comparable"), [("pgd-10", True), ("pgd-50", False), ("fgsm", False)])
def test_against_pgd_alone_only_fewer_steps_are_weaker(analysis: Analysis, claimed: str, comparable: bool) -> None:
    info = analysis.run.info
    weak = replace(analysis.run, info=replace(info, settings=replace(info.settings, attack="PGD-20")))
    (found,) = checked_claims(analyse(weak, parse_claims([f"half=90@{claimed}"])))
    assert found.comparable == comparable


def test_before_a_stage_is_finished_nothing_is_compared(tmp_path: Path) -> None:
    run = analysed(tmp_path, through=0).run
    assert checked_claims(analyse(run, parse_claims(["half=90@pgd-50"]))) == ()


def test_a_model_that_the_run_lacks_is_refused(analysis: Analysis) -> None:
    with pytest.raises(UsageError, match="is third, expected dense, half, tenth, again"):
        checked(analysis, "third=90@pgd-50")
