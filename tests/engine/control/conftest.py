"""One set of files, and the run of an engine that nobody interrupts."""

import pytest

from tests.engine.control.asking import (
    request_pair,
)
from tests.engine_runs import run_it
from tests.linear_models import Files, write_files
from thinice_tui.runfile.records import Run


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write_files(tmp_path_factory.mktemp("files"), n=32)


@pytest.fixture(scope="module")
def whole(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run of an engine that nobody interrupts."""
    return run_it(request_pair(files, tmp_path_factory.mktemp("whole") / "whole.thinice"))
