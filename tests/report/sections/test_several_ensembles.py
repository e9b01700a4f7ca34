"""Two ensembles side by side."""

from dataclasses import replace
from pathlib import Path

from tests.report.rendering import words
from tests.several_runs import repeated, seed_run
from thinice_tui.analysis.several.several_runs import analyse_several
from thinice_tui.report.sections.several_ensembles import several_ensembles


def test_it_says_which_stage_breaks_what_the_other_ensemble_leaves(tmp_path: Path) -> None:
    one, other = seed_run(tmp_path, 0), seed_run(tmp_path, 1)
    again = repeated(one, one.info.settings.seed, other=5)
    quick = replace(again, path="q", info=replace(again.info, settings=replace(again.info.settings, attack="quick")))
    text = words(several_ensembles(analyse_several([one, quick])), 200)
    assert "What quick leaves, by the stage of standard that breaks it: samples" in text
    assert "dense 0 0 5 half 0 0 5 again 0 0 5" in text and "What standard leaves" not in text
    text = words(several_ensembles(analyse_several([one, quick, other])), 200)
    assert "dense, training seed 1 0 0 5" in text
