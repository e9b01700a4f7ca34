"""Warnings about the files of a comparison, as the report shows them."""

from tests.commands.calling import call, compare_json
from tests.linear_models import Files, save_weight


def test_files_with_the_same_weights_are_warned_of(files: Files) -> None:
    same = save_weight(files.control, files.task.weight)
    found = compare_json(*files.arguments[1:-1], "--control", same)
    assert "dense and control hold the same weights: the control then shows nothing" in str(found["run"]["warnings"])
    found = compare_json(files.dense, files.dense, *files.arguments[3:-1])
    assert "dense and dense#2 hold the same weights: they cannot differ" in str(found["run"]["warnings"])
    found = compare_json(*files.arguments[1:-1])
    assert "same weights" not in str(found["run"]["warnings"])


def test_keep_without_scores_is_warned_of(files: Files) -> None:
    found = compare_json(*files.arguments[1:-1], "--keep", "0.1")
    assert "--keep 0.1 has no effect: no file holds scores for it" in found["run"]["warnings"]
    inspected = call("inspect", files.pruned, *files.arguments[5:-1], "--keep", "0.1")
    assert inspected.exit_code == 0 and "no effect" in " ".join(inspected.stdout.split()), inspected.stderr
