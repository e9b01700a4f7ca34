"""Files of which nothing was pruned are warned of by compare and doubted by inspect, through the real commands."""

import json

import numpy as np
import pytest

from tests.commands.calling import call, compare_json
from tests.linear_models import ARCH, Files, pruned_weight, save_weight
from tests.places import SAMPLE_MODELS

UNPRUNED = "nothing was pruned"


def warnings(*arguments: object) -> list[str]:
    found: list[str] = compare_json(*arguments)["run"]["warnings"]
    return [warning for warning in found if UNPRUNED in warning or "same weights" in warning]


def verdict(*paths: object) -> str:
    result = call("inspect", *paths, "--arch", ARCH, "--format", "json")
    assert result.exit_code == 0, result.stderr
    found: str = json.loads(result.stdout)[-1]["comparison"]["a pruned version of it?"]
    return found


def test_a_model_that_is_as_sparse_as_the_dense_one_is_warned_of(files: Files) -> None:
    """One of other weights without a zero, as of fine-tuning without pruning; the control has no zeros either."""
    save_weight(files.pruned, (files.task.weight * np.float32(1.1)).astype(np.float32))
    (found,) = warnings(*files.arguments[1:-1], "--control", files.control)
    assert found.startswith(f"{files.pruned}: {UNPRUNED}: 0.00 % of its weights are zero and 0.00 % of those of")
    assert UNPRUNED in verdict(files.dense, files.pruned)


def test_the_same_weights_are_warned_of_once(files: Files) -> None:
    (found,) = warnings(files.dense, files.dense, *files.arguments[3:-1])
    assert found.startswith("dense and dense#2 hold the same weights")
    assert verdict(files.dense, files.dense) == f"{files.dense}: holds the same weights as {files.dense}: {UNPRUNED}"


@pytest.mark.parametrize("fraction", [0.01, 0.9])
def test_pruned_models_are_not_warned_of(fraction: float, files: Files) -> None:
    save_weight(files.pruned, pruned_weight(files.task.weight, fraction))
    assert warnings(*files.arguments[1:-1], "--control", files.control) == []
    assert UNPRUNED not in verdict(files.dense, files.pruned)


def test_zeros_that_the_dense_model_has_too_are_no_pruning(files: Files) -> None:
    weight = files.task.weight.copy()
    weight[0, 0] = 0
    dense = save_weight(files.dense, weight)
    save_weight(files.pruned, (weight * np.float32(1.1)).astype(np.float32))
    (found,) = warnings(dense, *files.arguments[2:-1])
    assert "0.10 % of its weights are zero and 0.10 % of those of" in found


def test_a_less_sparse_model_gets_the_warning_of_the_wrong_order_alone(files: Files) -> None:
    found = compare_json(files.pruned, files.dense, *files.arguments[3:-1])["run"]["warnings"]
    assert any("is less sparse than" in warning for warning in found) and UNPRUNED not in str(found)


def test_the_sample_models_are_not_doubted() -> None:
    names = ("dense", "pruned", "pruned-90", "pruned-99")
    result = call("inspect", *(SAMPLE_MODELS / f"{name}.pt" for name in names), "--format", "json")
    found = [one["comparison"]["a pruned version of it?"] for one in json.loads(result.stdout)[1:]]
    assert all(words.startswith("nothing speaks against it") for words in found)
