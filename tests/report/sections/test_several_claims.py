"""Claims by training seed."""

from pathlib import Path

from tests.report.rendering import words
from tests.several_runs import seed_run
from thinice_tui.analysis.several.several_runs import analyse_several
from thinice_tui.protocol.claims import parse_claims
from thinice_tui.report.sections.several_claims import several_claims


def test_each_seed_has_a_row_and_their_mean_one(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, seed) for seed in range(3)]
    several = analyse_several(runs, parse_claims(["half=90@pgd-20", "dense=95@pgd-50,eps=0.031"]))
    text = words(several_claims(several), 200)
    for found in several.claims:
        name, claimed = found.claim.model, f"{100 * found.claim.accuracy:.1f}"
        for number, checked in enumerate(found.checked, start=1):
            own = "–" if checked.own_weak is None else f"{100 * checked.own_weak:.1f}"
            measured, gap = 100 * checked.measured, 100 * checked.gap
            assert f"{name} {claimed} {found.claim.attack} {number} {own} {measured:.1f} [" in text
            assert f"] {gap:.1f} {name}" in text
        low, high = 100 * found.gap.least, 100 * found.gap.most
        assert f"{100 * found.gap.mean.value:.1f} [{low:.1f}, {high:.1f}]" in text
    assert "comparable, for nothing" in text and "not comparable: its eps is 0.031, the run's 8/255" in text


def test_without_claims_there_is_nothing(tmp_path: Path) -> None:
    assert list(several_claims(analyse_several([seed_run(tmp_path, seed) for seed in range(2)]))) == []
