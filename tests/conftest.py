"""Fixtures of all tests: the files of a small task, and a clean environment."""

from pathlib import Path

import pytest
import torch

from tests.linear_models import Files, write_files


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Use one thread: the tensors are tiny, and on a busy machine a second thread waits long."""
    torch.set_num_threads(1)


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
