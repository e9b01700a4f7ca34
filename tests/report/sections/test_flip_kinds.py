"""The section on what kind of samples are lost."""

from pathlib import Path

import numpy as np

from tests.report.rendering import analysis_of, words
from thinice_tui.analysis.flip_kinds import flip_kinds
from thinice_tui.report.document.blocks import Table
from thinice_tui.report.document.cells import percent
from thinice_tui.report.sections.flip_kinds import MOST_CLASSES, flip_kinds_section


def test_kinds_classes_and_confusions_are_tables(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, n=600)
    comparison = analysis.comparisons[0]
    found = flip_kinds(analysis, comparison)
    kinds, classes, said = (block for block in flip_kinds_section(analysis, comparison) if isinstance(block, Table))
    assert [row[2] for row in kinds.rows] == [percent(share) for share in found.kinds.values()]
    assert [row[:3] for row in classes.rows] == [(f"class {one.label}", one.lost, one.held) for one in found.classes]
    assert said.rows[0] == (
        f"class {found.confusions[0].label}",
        f"class {found.confusions[0].said}",
        found.confusions[0].count,
    )
    shown = sum(row[2] for row in said.rows if isinstance(row[2], int))
    left_out = comparison.sets.counts()["S10"] - shown
    assert f" {left_out} samples are in the JSON report" in said.footnote


def test_of_many_classes_the_telling_ones_are_shown(tmp_path: Path) -> None:
    classes = 60
    labels = np.random.default_rng(0).integers(0, classes, 900)
    analysis = analysis_of(tmp_path, n=900, classes=classes, labels=labels)
    comparison = analysis.comparisons[0]
    table = [block for block in flip_kinds_section(analysis, comparison) if isinstance(block, Table)][1]
    assert len(table.rows) == MOST_CLASSES and "40 classes are in the JSON report alone" in table.footnote
    names = [int(str(row[0]).removeprefix("class ")) for row in table.rows]
    assert names == sorted(names)


def test_no_losses_are_no_section(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, flip=False)
    assert words(flip_kinds_section(analysis, analysis.comparisons[0])) == ""
