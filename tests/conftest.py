"""What every test shares: files of a tiny task, and a clean environment."""

from pathlib import Path

import pytest
import torch

from tests.linear_models import Files, write_files


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Tiny tensors: a second thread only waits, and where the machine is busy it waits long."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs in a folder of its own, so that ./runs never collides, and without colour settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return write_files(tmp_path)
