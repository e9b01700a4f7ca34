"""Modules in memory, prepared for a run: what is known of each, and what speaks against the comparison."""

from pathlib import Path

import pytest

from tests.python.modules import TASK, Randomized, dense, pruned
from thinice_tui.data.in_memory import samples_in_memory
from thinice_tui.engine.prepare_modules import prepare_modules, refuse_randomized
from thinice_tui.errors import ModelError
from thinice_tui.protocol.settings import Settings

SETTINGS = Settings.build("Linf", "4/255", "quick")
SAMPLES = samples_in_memory(TASK.images, TASK.labels)


def test_models_have_roles_names_and_kinship() -> None:
    prepared = prepare_modules(
        [("dense", "dense", dense()), ("pruned", "p", pruned())], SAMPLES, SETTINGS, Path("a.thinice")
    )
    assert [(model.role, model.name) for model in prepared.models] == [("dense", "dense"), ("pruned", "p")]
    assert set(prepared.origin["kinship"]) == {"p"}  # type: ignore[call-overload]
    assert prepared.models[1].record().sparsity_conv_linear == pytest.approx(0.2, abs=0.05)
    assert prepared.warnings == () and prepared.path == Path("a.thinice")


def test_a_pruned_model_with_the_dense_weights_gets_a_warning() -> None:
    prepared = prepare_modules(
        [("dense", "dense", dense()), ("pruned", "p", dense())], SAMPLES, SETTINGS, Path("a.thinice")
    )
    assert any("same" in warning for warning in prepared.warnings)


def test_a_random_model_is_refused_unless_that_is_wanted() -> None:
    prepared = prepare_modules([("dense", "dense", Randomized())], SAMPLES, SETTINGS, Path("a.thinice"))
    with pytest.raises(ModelError, match="is randomised") as raised:
        refuse_randomized(prepared)
    assert "randomized=True" in raised.value.do
    refuse_randomized(prepare_modules([("dense", "dense", dense())], SAMPLES, SETTINGS, Path("a.thinice")))
