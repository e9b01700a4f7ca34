"""The order of the report, and what its brief form leaves out."""

import re
from pathlib import Path

from tests.fake_runs import write_run
from tests.report.rendering import analysis_of
from thinice_tui.analysis.comparison import analyse
from thinice_tui.report.document.blocks import Heading, Notice, Plot, Table
from thinice_tui.report.renderers.markdown import markdown
from thinice_tui.report.report_document import COMPARISONS, OF_EVERY_RUN, brief_document, report_document


def test_the_comparison_of_the_models_is_the_first_table_and_provenance_the_end(tmp_path: Path) -> None:
    blocks = list(report_document(analysis_of(tmp_path)))
    tables = [block.caption for block in blocks if isinstance(block, Table)]
    assert tables[0] == "Models"
    headings = [block.text for block in blocks if isinstance(block, Heading) and block.level < 3]
    assert headings == [
        "Samples on thin ice",
        "Losses beyond retraining",
        "dense → half",
        "dense → again  (control: retrained without pruning)",
        "How these numbers were made",
    ]


def test_a_model_alone_has_no_comparison(tmp_path: Path) -> None:
    alone = list(report_document(analyse(write_run(tmp_path / "a.thinice", {"dense": "dense"}))))
    assert not any(isinstance(block, Heading) and "→" in block.text for block in alone)


def test_the_brief_report_leaves_out_sections_and_says_so(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path)
    brief, whole = list(brief_document(analysis)), list(report_document(analysis))
    assert brief[-1] == Notice("note", f"Left out here: {COMPARISONS}{OF_EVERY_RUN}")
    assert "Left out here" not in markdown(whole)
    shown, all_of_it = ([block.caption for block in one if isinstance(block, Table)] for one in (brief, whole))
    common = [caption for caption in all_of_it if caption in shown]
    assert [caption for caption in shown if caption in all_of_it] == common and common[0] == "Models"
    assert "Kinds of losses (95 % intervals)" in set(all_of_it) - set(shown)
    assert sum(isinstance(block, Plot) for block in brief) == 1


def test_no_sentence_is_said_twice_of_one_model(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"}, n=600)
    for blocks in (report_document(analyse(run)), brief_document(analyse(run))):
        sentences = re.split(r"(?<=[.;]) |\n", markdown(blocks))
        long = [one for one in sentences if len(one) > 40 and not one.startswith(("|", " "))]
        assert len(long) > 20 and not {one for one in long if long.count(one) > 1}


def test_the_brief_report_of_one_model_leaves_out_no_comparison(tmp_path: Path) -> None:
    alone = list(brief_document(analyse(write_run(tmp_path / "a.thinice", {"dense": "dense"}))))
    assert alone[-1] == Notice("note", f"Left out here: {OF_EVERY_RUN}")
