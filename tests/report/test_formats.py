"""The registry of formats."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.fake_runs import write_run
from thinice_tui.analysis.comparison import analyse
from thinice_tui.errors import UsageError
from thinice_tui.report.formats import FORMATS, check_format, format_of
from thinice_tui.report.report import Report
from thinice_tui.report.report_options import ReportOptions


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_known_by_its_name_and_its_suffix(name: str) -> None:
    assert check_format(name) == name
    suffix = FORMATS[name].suffix
    assert format_of(Path(f"a{suffix}")) == format_of(Path(f"A{suffix.upper()}")) == name


def test_text_is_the_format_where_none_is_named() -> None:
    assert check_format(None) == "text"
    assert format_of(Path("a.pdf")) is format_of(Path("json")) is format_of(Path(".json")) is None


@pytest.mark.parametrize("name", ["", "JSON", "pdf"])
def test_another_format_is_wrong_usage(name: str) -> None:
    with pytest.raises(UsageError, match="expected text, md, csv, json, latex or html"):
        check_format(name)


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_writes_the_whole_report(name: str, tmp_path: Path) -> None:
    stream = io.StringIO()
    analysis = analyse(write_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"}, n=20))
    FORMATS[name].write(Report(analysis), ReportOptions(samples=True, full=True), Console(file=stream, width=80))
    written = stream.getvalue()
    assert "half" in written and written.endswith("\n") and "\x1b" not in written
    if name == "json":
        assert len(json.loads(written)["samples"]) == 20
