"""The scripts of sample_models import one another by their file names, as they do when they are run."""

import sys
from pathlib import Path

import pytest

from tests.places import SAMPLE_MODELS


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where another test has imported a script of a stranger, which may be called train.py, too."""
    monkeypatch.setattr(sys, "path", [str(SAMPLE_MODELS), *sys.path])
    for name in (script.stem for script in SAMPLE_MODELS.glob("*.py")):
        cached = sys.modules.get(name)
        if cached is not None and Path(cached.__file__ or "").parent != SAMPLE_MODELS:
            monkeypatch.delitem(sys.modules, name)
