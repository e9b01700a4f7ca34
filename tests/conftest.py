"""Fixtures of all tests: the files of a small task, and a clean environment."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.linear_models import Files, write_files


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Use one thread: the tensors are tiny, and on a busy machine a second thread waits long."""
    torch.set_num_threads(1)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder with a short path, in place of pytest's: messages with paths then wrap alike wherever the tests run."""
    folder = Path(tempfile.mkdtemp(prefix="t-", dir="/tmp")).resolve()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in a folder of its own, so that ./runs never collides, and without colour settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A dense, a pruned and a control model, and data, in the test's folder."""
    return write_files(tmp_path)
