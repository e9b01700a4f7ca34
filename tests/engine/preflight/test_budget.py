"""Warnings of an eps that is too small to see, or so large that images become grey."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.linear_models import Files
from tests.places import SAMPLE_MODELS
from thinice_tui.commands.app import app
from thinice_tui.data.spec import read_samples
from thinice_tui.engine.preflight.budget import check_budget, distance_to_grey
from thinice_tui.protocol.settings import Settings

SAMPLES = read_samples(str(SAMPLE_MODELS / "cifar10-test-1000.npz"))


@pytest.mark.parametrize(
    ("norm", "eps", "words"),
    [
        ("Linf", "8/255", ""),
        ("Linf", "1/255", ""),
        ("Linf", "0.25", ""),
        ("Linf", "0.5", "a uniform grey"),
        ("L2", "0.5", ""),
        ("L2", "6.5", ""),
        ("L2", "7.0", "for 1."),
        ("L2", "8", "a uniform grey"),
        ("L2", "100", "for 100.0 % of the samples"),
        ("L1", "12", ""),
        ("L1", "900", "a uniform grey"),
        ("L2", "1/256", "below one grey level"),
        ("Linf", "1e-9", "below one grey level"),
        ("L2", "1e-320", "below one grey level"),
        ("Linf", "0.99/255", "below one grey level"),
    ],
)
def test_an_eps_that_is_too_small_or_too_large_is_warned_of(norm: str, eps: str, words: str) -> None:
    warnings = check_budget(SAMPLES, Settings.build(norm, eps, "quick"))
    assert len(warnings) == bool(words) and all(words in warning and f"eps {eps}" in warning for warning in warnings)


def test_the_distance_to_grey_is_the_norm_of_the_difference() -> None:
    images = np.random.default_rng(0).random((5, 3, 4, 6)).astype(np.float32)
    grey = np.full_like(images, 0.5)
    assert distance_to_grey(images, "Linf") == pytest.approx(np.abs(images - grey).max(axis=(1, 2, 3)))
    length = np.sqrt(((images - grey) ** 2).sum(axis=(1, 2, 3)))
    assert distance_to_grey(images, "L2") == pytest.approx(length, rel=1e-6)
    assert distance_to_grey(images, "L1") == pytest.approx(np.abs(images - grey).sum(axis=(1, 2, 3)), rel=1e-6)


def test_the_warning_is_printed_and_in_the_report(files: Files) -> None:
    options = ["--attack", "pgd-1", "--eps", "0.4", "--format", "json"]
    result = CliRunner().invoke(app, [*files.arguments, *options])
    assert result.exit_code == 0 and "a uniform grey" in " ".join(result.stderr.split())
    assert any("a uniform grey" in warning for warning in json.loads(result.stdout)["run"]["warnings"])
