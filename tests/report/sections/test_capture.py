"""The section on how many losses lie within the lowest margins."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.report.rendering import analysis_of, words
from thinice_tui.analysis.capture import capture_of
from thinice_tui.report.document.blocks import Plot, Table
from thinice_tui.report.document.cells import auc_number, in_words
from thinice_tui.report.sections.capture import capture_section


def test_the_headline_is_a_sentence_and_the_curve_a_plot(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, n=600)
    comparison = analysis.comparisons[0]
    curve, blocks = capture_of(analysis, comparison), list(capture_section(analysis, comparison))
    headline = f"The lowest 20 % of dense margins hold {in_words(curve.headline)} of the {curve.losses} losses;"
    assert headline in words(blocks)
    (plot,) = (block for block in blocks if isinstance(block, Plot))
    half = 100 * np.interp(0.5, curve.lowest, curve.captured)
    shares = re.fullmatch(r"Losses of half within the lowest 10, 25, 50, 75 % of dense margins: (.*) %\.", plot.alt)
    assert shares and shares[1].split(", ")[2] == f"{half:.0f}"
    assert np.array_equal(plot.chart.series[0].y, 100 * curve.captured)
    assert "Losses within the lowest dense margins" in plot.terminal(80, 15).plain
    (table,) = (block for block in blocks if isinstance(block, Table))
    assert [row[0] for row in table.rows] == ["clean margin", "margin under attack"]
    assert table.rows[0][1] == auc_number(comparison.auc_s10_s11)


def test_it_says_where_the_margin_under_attack_comes_from(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, n=600)
    own = words(capture_section(analysis, analysis.comparisons[0]))
    assert "comes from the attack that also chose S10 and S11" in own
    with_repeat = replace(analysis, repeats=(analysis.run,))
    assert "from a run of another attack seed" in words(capture_section(with_repeat, analysis.comparisons[0]))


def test_without_losses_there_is_no_headline(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, flip=False)
    text = words(capture_section(analysis, analysis.comparisons[0]))
    assert "The lowest" not in text and "Too few samples to tell." in text
