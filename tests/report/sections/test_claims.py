"""The section on claims."""

from pathlib import Path

from tests.report.rendering import analysis_of, words
from thinice_tui.analysis.comparison import analyse
from thinice_tui.protocol.claims import parse_claims
from thinice_tui.report.sections.claims import claims_section


def test_a_claim_stands_beside_the_measured_number_and_why(tmp_path: Path) -> None:
    run = analysis_of(tmp_path).run
    text = words(claims_section(analyse(run, parse_claims(["half=90@pgd-50", "again=80@pgd-20,eps=0.031"]))))
    assert "half 90.0 pgd-50 –" in text and "again 80.0 pgd-20" in text
    assert "half=90@pgd-50: comparable, for nothing" in text
    assert "does not say its norm, eps and samples: taken to be the run's." in text
    assert "not comparable: its eps is 0.031, the run's 8/255." in text


def test_a_gap_against_an_upper_bound_is_a_lower_bound(tmp_path: Path) -> None:
    run = analysis_of(tmp_path, attack="quick").run
    text = words(claims_section(analyse(run, parse_claims(["half=90@pgd-50"]))))
    assert "≤" in text and "≥" in text


def test_nothing_claimed_is_no_section(tmp_path: Path) -> None:
    assert list(claims_section(analysis_of(tmp_path))) == []
