"""A comparison: its sets, AUCs and flip rates."""

from pathlib import Path

from tests.report.rendering import analysis_of, words
from thinice_tui.report.document.cells import in_words
from thinice_tui.report.sections.comparison import comparison_section


def test_it_shows_the_sets_the_rates_and_the_control_beside_them(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, n=400)
    half, control = analysis.comparisons
    text = words(comparison_section(analysis, half, control))
    counts = half.sets.counts()
    assert "dense → half" in text and f"▼ held by dense, lost {counts['S10']}" in text
    assert f"NFR {in_words(half.nfr)}" in text and f"PFR {in_words(half.pfr)}" in text
    assert half.auc_s10_s11.shown in text and "S10, S11 control" in text and "again n=" in text


def test_a_control_is_named_and_not_compared_with_itself(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path)
    control = analysis.comparisons[1]
    text = words(comparison_section(analysis, control, control))
    assert "dense → again (control: retrained without pruning)" in text and "S10, S11 control" not in text


def test_too_few_flips_are_called_so(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, flip=False)
    text = words(comparison_section(analysis, analysis.comparisons[0], None))
    assert "too few flips to tell" in text
