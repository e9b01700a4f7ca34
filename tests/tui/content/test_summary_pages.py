"""The pages of the summary say what the analysis does, and fit a small terminal."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import write_run
from tests.places import SAMPLE_MODELS
from tests.tui.content.rendering import in_room, widest
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.report.document.blocks import Notice, Table
from thinice_tui.report.renderers.text import render_blocks
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Finding
from thinice_tui.tui.content.summary_pages import PAGES, classes_page, comparison_page
from thinice_tui.tui.screens.report import TITLES


@pytest.fixture(scope="module")
def five() -> Analysis:
    return analyse(read_run(SAMPLE_MODELS / "standard.thinice"))


def test_every_page_has_a_title() -> None:
    assert set(PAGES) == set(TITLES)


def test_the_comparison_is_one_table_of_all_models_by_sparsity(five: Analysis) -> None:
    table = next(block for block in comparison_page(five, 1) if isinstance(block, Table))
    assert [row[0] for row in table.rows] == ["dense", "pruned-90", "pruned", "pruned-99", "control"]
    counts = [one.sets.counts() for one in five.comparisons]
    assert [(row[4], row[5]) for row in table.rows] == [("", ""), *((one["S10"], one["S01"]) for one in counts)]
    lines = in_room(render_blocks([table], 78), 78)
    assert sum(line.startswith("model") for line in lines) == 1, "in one part"


def test_a_reason_to_doubt_is_said_before_the_numbers(five: Analysis) -> None:
    doubtful = Finding("pruned", "gradients vanish", 7, 50, True, (3, 4))
    run = replace(five.run, findings=(*five.run.findings, doubtful))
    blocks = list(comparison_page(analyse(run), 1))
    table = next(number for number, block in enumerate(blocks) if isinstance(block, Table))
    notices = [block.text for block in blocks[:table] if isinstance(block, Notice)]
    assert any("DOUBTFUL" in text and "pruned: gradients vanish" in text for text in notices)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", [58, 78, 100])
def test_every_page_fits(page: str, width: int, five: Analysis) -> None:
    assert widest(in_room(render_blocks(PAGES[page](five, 1), width), width)) <= width


def test_the_classes_add_up(five: Analysis) -> None:
    by_rate, by_model = [block for block in classes_page(five, 3) if isinstance(block, Table)]
    sets = five.comparisons[2].sets
    assert [sum(int(str(row[column])) for row in by_rate.rows) for column in (1, 2, 3)] == [
        1000,
        int((sets.s10 | sets.s11).sum()),
        int(sets.s10.sum()),
    ]
    counted = {
        column.title: sum(int(str(row[n])) for row in by_model.rows) for n, column in enumerate(by_model.columns) if n
    }
    assert counted == {one.other.record.name: int(one.sets.s10.sum()) for one in five.comparisons}
    shown = by_rate.columns[4].title
    rates = [int(str(row[3])) / int(str(row[2])) for row in by_rate.rows if row[2]]
    assert shown == "rate %" and rates == sorted(rates, reverse=True)


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    alone = analyse(write_run(tmp_path / "alone.thinice", {"dense": "dense"}, n=20))
    early = analyse(write_run(tmp_path / "early.thinice", {"dense": "dense", "half": "pruned"}, n=20, through=0))
    for analysis, words in ((alone, "dense is alone"), (early, "after the first stage")):
        for other in range(len(analysis.models)):
            assert words in "\n".join(in_room(render_blocks(classes_page(analysis, other), 78), 78))
            assert "dense" in "\n".join(in_room(render_blocks(comparison_page(analysis, other), 78), 78))
    absent = analyse(
        write_run(tmp_path / "one.thinice", {"dense": "dense", "half": "pruned"}, n=20, labels=np.ones(20, np.int64))
    )
    (table,) = [block for block in classes_page(absent, 1) if isinstance(block, Table)]
    assert [row[0] for row in table.rows] == ["class 1"], "classes without samples are left out"
