"""Bars that come and go."""

import io

import pytest
from rich.console import Console
from rich.progress import BarColumn

from thinice_tui.report.progress_bars import ProgressBars

SHOW_CURSOR = "\x1b[?25h"


def test_they_end_with_the_block_also_by_an_error() -> None:
    stream = io.StringIO()
    bars = ProgressBars(Console(file=stream, force_terminal=True, width=40), BarColumn())
    with pytest.raises(RuntimeError, match="stop"), bars as entered:
        assert entered is bars and not stream.getvalue().endswith(SHOW_CURSOR)
        raise RuntimeError("stop")
    assert SHOW_CURSOR in stream.getvalue()


def test_where_they_are_disabled_nothing_is_written() -> None:
    stream = io.StringIO()
    with ProgressBars(Console(file=stream, force_terminal=True), BarColumn(), disable=True):
        pass
    assert stream.getvalue().strip() == ""
