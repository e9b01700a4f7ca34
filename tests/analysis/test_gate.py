"""Gates: what is read, which models they ask for, and what they find."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.analysis.runs_of_models import analysed
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.analysis.excess import excesses
from thinice_tui.analysis.gate import METRICS, Verdict, evaluate, parse_gates
from thinice_tui.errors import UsageError
from thinice_tui.protocol.claims import parse_claims


@pytest.fixture
def analysis(tmp_path: Path) -> Analysis:
    return analysed(tmp_path, n=600, noise=(0.4, 1.5, 0.4))


def found(analysis: Analysis, *gates: str) -> tuple[Verdict, ...]:
    return evaluate(parse_gates(gates), analysis)


def test_a_gate_asks_every_pruned_model_and_not_the_control(analysis: Analysis) -> None:
    half, tenth, again = (one.nfr.value for one in analysis.comparisons)
    between = (half + tenth) / 2
    assert half < between < tenth and again < between
    verdicts = found(analysis, f"nfr > {between}")
    assert [(one.model, one.value, one.failed) for one in verdicts] == [("half", half, False), ("tenth", tenth, True)]
    assert verdicts[1].reason == f"nfr > {between}: tenth has {tenth:.4g}"


def test_a_gate_can_ask_one_model_by_name_or_role(analysis: Analysis) -> None:
    for asked, model in (("half", "half"), ("again", "again"), ("control", "again")):
        (verdict,) = found(analysis, f"nfr@{asked} >= 0")
        assert (verdict.model, verdict.failed) == (model, True)
    (verdict,) = found(analysis, "robust_accuracy@dense < 0")
    assert verdict.model == "dense" and not verdict.failed


def test_the_ends_of_intervals_can_be_asked_for(analysis: Analysis) -> None:
    excess = excesses(analysis)[0].excess_nfr
    values = [verdict.value for verdict in found(analysis, "excess_nfr.low@half<0", "excess_nfr.high@half<0")]
    assert values == [excess.low, excess.high]


@pytest.mark.parametrize(
    ("sign", "limit", "holds"),
    [
        (">", -0.1, True),
        (">", "nfr", False),
        (">=", "nfr", True),
        ("<", "nfr", False),
        ("<=", "nfr", True),
        ("<", 2, True),
    ],
)
def test_each_sign_means_what_it_says(analysis: Analysis, sign: str, limit: object, holds: bool) -> None:
    value = analysis.comparisons[0].nfr.value if limit == "nfr" else limit
    (verdict,) = found(analysis, f"nfr@half {sign} {value!r}")
    assert verdict.failed == holds


@pytest.mark.parametrize("name", METRICS)
def test_every_number_is_known_of_a_finished_run(analysis: Analysis, name: str) -> None:
    claimed = analyse(analysis.run, parse_claims(["half=90@pgd-50", "tenth=80@pgd-50"]))
    verdicts = found(claimed, f"{name} > 1e9", f"{name}.low > 1e9", f"{name}.high > 1e9")
    assert len(verdicts) == 6 and not any(verdict.failed for verdict in verdicts)
    assert all(one.value <= two.value for one, two in zip(verdicts[2:4], verdicts[4:6], strict=True))


def test_a_claims_gap_is_claimed_minus_measured(analysis: Analysis) -> None:
    robust = analysis.models[1].robust_accuracy
    assert robust is not None
    claimed = analyse(analysis.run, parse_claims(["half=90@pgd-50", "half=70@pgd-20"]))
    (verdict,) = found(claimed, "claim_gap > 0")
    assert verdict.value == pytest.approx(0.9 - robust.value), "the largest of its claims"
    not_comparable = analyse(analysis.run, parse_claims(["half=90@pgd-50,eps=0.031"]))
    (verdict,) = found(not_comparable, "claim_gap > 5")
    assert verdict.failed and "cannot be decided" in verdict.reason


def test_a_partial_run_decides_nothing(tmp_path: Path) -> None:
    verdicts = found(analysed(tmp_path, through=2), "nfr > 0.9")
    assert [verdict.failed for verdict in verdicts] == [True, True]
    assert verdicts[0].reason == "nfr > 0.9: half cannot be decided, the run is not complete"


def test_a_number_that_is_not_known_decides_nothing(analysis: Analysis) -> None:
    dense = analysis.run.models[0]
    unknown = replace(dense, clean_margin=np.full(600, np.nan, np.float32))
    verdicts = found(analyse(replace(analysis.run, models=(unknown, *analysis.run.models[1:]))), "auc_s10_s11 < 0.1")
    assert verdicts[0].reason == "auc_s10_s11 < 0.1: half cannot be decided, the number is not known"


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ("nfr", "--fail-if is 'nfr'"),
        ("nfr = 0.05", "--fail-if is 'nfr = 0.05'"),
        ("nfr > 0.05 and pfr > 0.1", "--fail-if is"),
        ("0.05 < nfr", "--fail-if is"),
        ("nfr > much", "the limit is 'much'"),
        ("nfr > nan", "the limit is 'nan'"),
        ("nfr > 5%", "the limit is '5%'"),
        ("nrf > 0.05", "nrf is no number of a report"),
        ("nfr.middle > 0.05", "--fail-if is"),
        ("nfr@pruned > 0.05", "nfr is not known of pruned"),
        ("nfr@dense > 0.05", "nfr is not known of dense"),
        ("excess_nfr@again > 0.05", "excess_nfr is not known of again"),
        ("claim_gap > 0", "needs a claim"),
    ],
)
def test_what_is_no_gate_of_this_run_is_refused(analysis: Analysis, gate: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        found(analysis, gate)
    assert message in error.value.what and error.value.do


def test_what_a_run_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs a control"):
        found(analysed(tmp_path, {"dense": "dense", "p": "pruned"}), "excess_nfr > 0")
    with pytest.raises(UsageError, match="about pruned models, this run has none"):
        found(analysed(tmp_path, {"dense": "dense"}), "nfr > 0")
