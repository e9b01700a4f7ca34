"""What an inspection finds in model files."""

from importlib.metadata import version

import pytest

from tests.linear_models import ARCH, Files
from tests.places import SAMPLE_MODELS
from thinice_tui.engine.inspection import environment, inspect_models
from thinice_tui.errors import CheckpointError
from thinice_tui.protocol.model_options import ModelOptions


def test_a_file_is_described_and_later_ones_are_compared_with_the_first() -> None:
    dense, pruned = inspect_models([SAMPLE_MODELS / "dense.pt", SAMPLE_MODELS / "pruned-90.pt"], ModelOptions())
    assert dense.facts.size == (SAMPLE_MODELS / "dense.pt").stat().st_size
    assert dense.facts.classes == 10 and dense.facts.input_channels == 3
    assert dense.comparison is None and dense.record.sparsity_conv_linear == 0
    assert pruned.record.sparsity_conv_linear == pytest.approx(0.9, abs=0.01)
    assert pruned.comparison is not None and pruned.comparison.dense == str(SAMPLE_MODELS / "dense.pt")


def test_a_file_that_does_not_fit_is_refused_after_the_first_is_shown(files: Files) -> None:
    inspections = inspect_models([files.dense, SAMPLE_MODELS / "dense.pt"], ModelOptions(arch=(ARCH,)))
    assert next(inspections).record.path == str(files.dense)
    with pytest.raises(CheckpointError, match="does not fit the architecture"):
        next(inspections)


def test_the_environment_names_the_installed_versions() -> None:
    found = dict(environment())
    assert found["torch"] == version("torch") and found["thinice-tui"] and int(found["cpu threads"]) > 0
