"""The order of the report."""

from pathlib import Path

from tests.fake_runs import write_run
from tests.report.rendering import analysis_of
from thinice_tui.analysis.comparison import analyse
from thinice_tui.report.document.blocks import Heading, Table
from thinice_tui.report.report_document import report_document


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
