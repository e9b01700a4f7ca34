"""A run with its models, made once."""

import shutil
from pathlib import Path

import pytest

from tests.tampering import RUN, write_run_and_models


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_run_and_models(folder)
    return folder


@pytest.fixture
def run_file(_made: Path, tmp_path: Path) -> Path:
    """A copy of the run file; its models are where it says."""
    return Path(shutil.copy(_made / RUN, tmp_path))
