"""What may be concluded."""

from pathlib import Path

from tests.fake_runs import write_run
from tests.report.rendering import analysis_of, words
from thinice_tui.analysis.comparison import analyse
from thinice_tui.report.sections.notes import notes


def test_an_association_is_no_cause(tmp_path: Path) -> None:
    assert "An association is no cause" in words(notes(analysis_of(tmp_path)))


def test_where_nothing_is_compared_nothing_is_said(tmp_path: Path) -> None:
    assert list(notes(analyse(write_run(tmp_path / "a.thinice", {"dense": "dense"})))) == []
