"""`--dry-run` through the real command: its counts, its bounds, and that it writes nothing."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tests.linear_models import Files
from thinice_tui.commands.app import app
from thinice_tui.protocol.phases import build_phases
from thinice_tui.protocol.settings import Settings


def planned(files: Files, *options: str) -> Result:
    return CliRunner().invoke(app, [*(a for a in files.arguments if a != "--report"), "--dry-run", *options])


def everything(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_dry_run_counts_passes_and_writes_nothing(files: Files, tmp_path: Path) -> None:
    before = everything(tmp_path)
    result = planned(files, "--attack", "quick", "--distances", "--format", "json", "--samples", "20")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert everything(tmp_path) == before
    assert found["samples"] == 20 and found["classes"] == 5 and len(found["models"]) == 2
    expected = build_phases(Settings.build("Linf", None, "quick", distances=True), 5)
    assert [stage["name"] for stage in found["stages"]] == [stage.name for stage in expected]
    for said, stage in zip(found["stages"], expected, strict=True):
        assert (said["forwards"], said["backwards"]) == tuple(20 * 2 * passes for passes in stage.passes(5))
        assert said["seconds"] > 0
    assert found["seconds"] == pytest.approx(sum(stage["seconds"] for stage in found["stages"]))


def test_the_bounds_hold_for_the_run(files: Files) -> None:
    """No stage takes more passes than planned, and the run file is no larger."""
    options = ("--attack", "quick", "--keep-images", "all", "--format", "json")
    found = json.loads(planned(files, *options).stdout)
    done = CliRunner().invoke(app, [*files.arguments, *options])
    assert done.exit_code == 0, done.stderr
    stages = [model["stages"] for model in json.loads(done.stdout)["models"]]
    for number, said in enumerate(found["stages"]):
        assert sum(one[number]["forwards"] for one in stages) <= said["forwards"]
    assert found["run"].endswith(".thinice") and Path(found["run"]).is_file()
    pages = 16 * 16384  # SQLite's own, for the tables of a small file
    assert Path(found["run"]).stat().st_size <= found["bytes"] + pages
    again = planned(files, *options)
    assert json.loads(again.stdout)["state"] == "finished already: nothing would run"


def test_the_text_names_stages_samples_and_the_run_file(files: Files) -> None:
    result = planned(files, "--attack", "pgd-3")
    assert result.exit_code == 0, result.stderr
    for words in ("nothing written", "at most", "PGD-3", "runs/dense-pruned-", "(new)", "48 of 5 classes"):
        assert words in result.stdout, words


def test_a_dry_run_refuses_what_a_run_refuses(files: Files) -> None:
    np.savez(files.data, images=np.zeros((4, 8, 8, 3), np.uint8), labels=np.array([0, 1, 2, 9]))
    result = planned(files)
    assert result.exit_code == 1 and result.stdout == "" and "has the label 9" in " ".join(result.stderr.split())


def test_an_output_file_is_wrong_usage(files: Files) -> None:
    result = planned(files, "-o", "plan.json")
    assert result.exit_code == 2 and "writes no report" in result.stderr and not Path("plan.json").exists()
