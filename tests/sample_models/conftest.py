"""The scripts of sample_models import one another by their file names, as they do when they are run."""

import sys

import pytest

from tests.places import SAMPLE_MODELS


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(SAMPLE_MODELS), *sys.path])
