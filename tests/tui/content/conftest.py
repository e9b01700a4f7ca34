"""A finished run to draw."""

from pathlib import Path

import pytest

from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Run


@pytest.fixture
def run(run_file: Path) -> Run:
    return read_run(run_file)
