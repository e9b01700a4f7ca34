"""The head: what was run, and whether its numbers are upper bounds."""

from pathlib import Path

import pytest

from tests.report.rendering import analysis_of, words
from thinice_tui.report.sections.header import header


def test_the_run_is_named_with_its_threat_model(tmp_path: Path) -> None:
    text = words(header(analysis_of(tmp_path)))
    for said in ("Linf eps 8/255", "standard", "200 samples", "seed 3", "made.npz"):
        assert said in text, said
    assert "PARTIAL" not in text and "upper bound" not in text and analysis_of(tmp_path / "b").final


@pytest.mark.parametrize(
    ("through", "said"),
    [
        (0, "stages finished for every model: none; left: PGD-20, APGD-CE, APGD-T"),
        (2, "stages finished for every model: PGD-20, APGD-CE; left: APGD-T"),
    ],
)
def test_a_partial_run_says_what_is_done_and_left(through: int, said: str, tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, through=through)
    assert f"PARTIAL: {said}. Robust accuracies are upper bounds." in words(header(analysis))
    assert not analysis.final


def test_a_weak_ensemble_gives_upper_bounds(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, attack="quick")
    assert "upper bounds: quick is weak, see --attack standard" in words(header(analysis)) and not analysis.final
