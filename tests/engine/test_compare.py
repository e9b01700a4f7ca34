"""Warnings about the files of a comparison, as the report shows them."""

import json
from typing import Any

from typer.testing import CliRunner, Result

from tests.linear_models import Files, save_weight
from thinice_tui.commands.app import app

REPORT = ("--attack", "pgd-1", "--report", "--format", "json")


def compare(*arguments: object, code: int = 0) -> dict[str, Any]:
    result = call("compare", *arguments, *REPORT)
    assert result.exit_code == code, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_files_with_the_same_weights_are_warned_of(files: Files) -> None:
    same = save_weight(files.control, files.task.weight)
    found = compare(*files.arguments[1:-1], "--control", same)
    assert "dense and control hold the same weights: the control then shows nothing" in str(found["run"]["warnings"])
    found = compare(files.dense, files.dense, *files.arguments[3:-1])
    assert "dense and dense#2 hold the same weights: they cannot differ" in str(found["run"]["warnings"])
    found = compare(*files.arguments[1:-1])
    assert "same weights" not in str(found["run"]["warnings"])


def test_keep_without_scores_is_warned_of(files: Files) -> None:
    found = compare(*files.arguments[1:-1], "--keep", "0.1")
    assert "--keep 0.1 has no effect: no file holds scores for it" in found["run"]["warnings"]
    inspected = call("inspect", files.pruned, *files.arguments[5:-1], "--keep", "0.1")
    assert inspected.exit_code == 0 and "no effect" in " ".join(inspected.stdout.split()), inspected.stderr
