"""Claims as typed: what they say, and what is refused."""

import pytest

from thinice_tui.errors import UsageError
from thinice_tui.protocol.claims import Claim, claims_of, parse_claims


def test_a_claim_names_model_accuracy_and_attack() -> None:
    claim = Claim.parse("pruned=62.2@pgd-50")
    assert claim.accuracy == pytest.approx(0.622)
    assert (claim.model, claim.attack, claim.pgd_steps) == ("pruned", "pgd-50", 50)
    assert (claim.norm, claim.eps, claim.samples, claim.ensemble) == (None, None, None, None)


def test_a_claim_may_say_more() -> None:
    claim = Claim.parse("my=model = 57.14 % @AutoAttack, eps=8/255, norm=linf, samples=10000")
    assert claim.accuracy == pytest.approx(0.5714)
    assert (claim.model, claim.ensemble) == ("my=model", "standard")
    assert claim.eps is not None and claim.eps.text == "8/255"
    assert (claim.norm, claim.samples, claim.pgd_steps) == ("Linf", 10000, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("62.2@pgd-50", "--claim is '62.2@pgd-50'"),
        ("pruned=62.2", "--claim is 'pruned=62.2'"),
        ("pruned=many@pgd-50", "expected a percentage"),
        ("pruned=101@pgd-50", "expected a percentage"),
        ("pruned=-1@pgd-50", "expected a percentage"),
        ("pruned=nan@pgd-50", "expected a percentage"),
        ("pruned=0.622@pgd-50", "below any model's accuracy"),
        ("pruned=62@pgd-50,eps=zero", "--eps is 'zero'"),
        ("pruned=62@pgd-50,norm=L7", "expected Linf or L2"),
        ("pruned=62@pgd-50,samples=all", "expected a number"),
        ("pruned=62@pgd-50,steps=50", "is no eps="),
        ("pruned=62@pgd-50,eps=1/255,eps=2/255", "says one thing twice"),
        ("", "--claim is ''"),
    ],
)
def test_what_is_no_claim_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        Claim.parse(text)
    assert message in error.value.what


def test_a_fraction_is_taken_for_a_slip() -> None:
    with pytest.raises(UsageError) as error:
        Claim.parse("pruned=0.622@pgd-50")
    assert error.value.do == "did you mean 62.2?"


def test_a_claim_is_of_a_model_of_the_run() -> None:
    claims = parse_claims(["pruned=62@pgd-50", "dense=80@pgd-50"])
    found = claims_of(claims, {"resnet": "dense", "pruned": "pruned", "pruned-99": "pruned"})
    assert [claim.model for claim in found] == ["pruned", "resnet"], "a name, else a role that one model has"
    with pytest.raises(UsageError, match="no model, or no one model, is pruned, expected a, b, c"):
        claims_of(claims, {"a": "dense", "b": "pruned", "c": "pruned"})
