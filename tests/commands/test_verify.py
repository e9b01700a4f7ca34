"""`verify`: a right run, and every kind of change that a run file can have; the user sees which samples, and why."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import Result

from tests.commands.calling import call, error_text
from tests.linear_models import ARCH, linear
from tests.places import ROOT, SAMPLE_MODELS
from tests.tampering import RUN, change_image, change_logits, execute, set_setting, write_run_and_models, zeros
from thinice_tui.runfile.read_arrays import read_adversarial_images, read_images
from thinice_tui.runfile.reader import read_run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_run_and_models(folder)
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """The run file, beside its models, in the test's folder."""
    for file in made.glob("*.*"):
        shutil.copy(file, tmp_path)
    set_setting(tmp_path / RUN, "$.folder", '"/nowhere"')
    execute(tmp_path / RUN, "UPDATE model SET path = name || '.pt'")
    return tmp_path / RUN


def verify(*arguments: object) -> Result:
    return call("verify", *arguments, "--arch", ARCH)


def json_of(run: Path, code: int) -> dict[str, object]:
    result = verify(run, "--format", "json")
    assert result.exit_code == code, result.stderr
    found: dict[str, object] = json.loads(result.stdout)
    assert found["verified"] is (code == 0)
    return found


def problems(run: Path) -> list[tuple[object, object, str]]:
    """Each discrepancy: model, index, what."""
    found = json_of(run, 1)["discrepancies"]
    assert isinstance(found, list)
    return [(one["model"], one["index"], one["problem"]) for one in found]


def test_a_right_run_is_verified(run: Path) -> None:
    found = json_of(run, 0)
    models = found["models"]
    assert isinstance(models, list) and [model["name"] for model in models] == ["dense", "pruned", "control"]
    for model in models:
        assert model["clean_verified"] == model["clean"] == 48
        assert model["adversarial_verified"] == model["adversarial"] == model["broken"] > 0
    assert found["not_checked"] == [] and found["discrepancies"] == []
    text = verify(run)
    total = sum(model["adversarial"] for model in models)
    assert text.exit_code == 0 and f"{total} of {total} adversarial images verified" in text.stdout
    assert "48 of 48" in text.stdout and text.stderr == ""


def test_given_files_are_matched_by_checksum(run: Path) -> None:
    (run.parent / "elsewhere").mkdir()
    moved = shutil.move(run.parent / "pruned.pt", run.parent / "elsewhere" / "any name.pt")
    missing = verify(run)
    assert missing.exit_code == 1
    assert "the files of 1 of its 3 models are not there: pruned (pruned.pt)" in error_text(missing)
    assert "name the model files" in error_text(missing)
    alone = verify(run, moved)
    assert alone.exit_code == 0 and "not checked, as no file of theirs was given: dense, control" in alone.stdout
    assert verify(run, moved, run.parent / "dense.pt", run.parent / "control.pt").exit_code == 0


def test_other_weights_are_named(run: Path) -> None:
    state = torch.load(run.parent / "pruned.pt", weights_only=True)
    torch.save(state | {"note": "saved again"}, run.parent / "pruned.pt")
    (one,) = problems(run)
    assert one[:2] == ("pruned", None) and "pruned.pt has other weights: its sha256 is" in one[2]
    given = verify(run, run.parent / "pruned.pt")
    assert given.exit_code == 1 and "is no model of this run" in error_text(given)


def test_an_image_outside_the_ball_is_named(run: Path) -> None:
    change = zeros()
    change[0, 0, 0] = 0.05
    position = change_image(run, 1, change)
    (one,) = problems(run)
    assert one[:2] == ("pruned", position) and "at a distance of" in one[2] and "eps is 0.0156863" in one[2]
    text = verify(run)
    assert text.exit_code == 1 and "NOT verified: 1 discrepancy" in text.stdout
    assert f"pruned, index {position}: its adversarial image is at a distance" in text.stdout


@pytest.mark.parametrize(("value", "said"), [(2.0, "not within [0,1]"), (np.nan, "not within [0,1]")])
def test_an_image_outside_the_cube_is_named(run: Path, value: float, said: str) -> None:
    change = zeros()
    change[0, 0, 0] = value
    position = change_image(run, 0, change)
    assert [(model, index) for model, index, problem in problems(run) if said in problem] == [("dense", position)]


def test_an_image_that_is_classified_correctly_is_named(run: Path) -> None:
    """The clean image in place of the adversarial one, with its own logits and distance."""
    position = change_image(run, 0, zeros())
    at = np.array([position])
    clean = read_images(run, at)[0].astype(np.float32) / np.float32(255)
    change_image(run, 0, clean - read_adversarial_images(run, 0, at)[0])
    logits = "(SELECT logits FROM clean WHERE model = 0 AND position = outcome.position)"
    execute(run, f"UPDATE outcome SET distance = 0, logits = {logits} WHERE model = 0 AND position = {position}")
    ((model, index, problem),) = problems(run)
    assert (model, index, problem) == ("dense", position, "its adversarial image is classified correctly")


def test_changed_logits_are_named(run: Path) -> None:
    position = change_image(run, 2, zeros())
    change_logits(run, "outcome", 2, position, 0.5)
    other = int(np.flatnonzero(read_run(run).models[0].clean_prediction != 0)[0])
    change_logits(run, "clean", 0, other, 100.0)
    change_logits(run, "clean", 0, 47, 1e-6)  # rounding
    found = problems(run)
    assert [one[:2] for one in found] == [("dense", other), ("control", position)]
    assert "is classified as" in found[0][2] and "the run says 0" in found[0][2]
    assert "logits on its adversarial image differ by 0.5" in found[1][2]


def test_changed_verdicts_and_distances_are_named(run: Path) -> None:
    position = change_image(run, 0, zeros())
    execute(run, f"UPDATE outcome SET broken_by = NULL WHERE model = 0 AND position = {position}")
    other = change_image(run, 1, zeros())
    execute(run, f"UPDATE outcome SET distance = 0.001 WHERE model = 1 AND position = {other}")
    assert problems(run) == [
        ("dense", position, "it has an adversarial image, and the run says that no stage broke it"),
        ("pruned", other, f"its adversarial image is at a distance of {4 / 255:.6g}, the run says 0.001"),
    ]


@pytest.mark.parametrize("column", ["label", "dataset_index"])
def test_changed_samples_are_named(run: Path, column: str) -> None:
    execute(run, f"UPDATE sample SET {column} = ({column} + 1) % 5 WHERE position = 3")
    first = problems(run)[0]
    assert first[:2] == (None, None) and "labels or indices were changed" in first[2]


def test_a_run_without_images_says_what_can_be_checked(run: Path) -> None:
    execute(run, "DELETE FROM adversarial")
    found = json_of(run, 1)
    assert found["discrepancies"] == []
    text = verify(run)
    assert text.exit_code == 1 and "the run keeps no adversarial image" in text.stdout
    assert "48 of 48" in text.stdout and "Weights and clean predictions are as it says" in text.stdout


def test_images_that_are_not_kept_are_counted(run: Path) -> None:
    execute(run, "DELETE FROM adversarial WHERE model = 0")
    text = verify(run)
    assert text.exit_code == 0 and "have no image in the file (--keep-images all): not checked" in text.stdout


def test_a_run_that_goes_on_is_verified_as_far_as_it_has_come(run: Path) -> None:
    execute(run, "UPDATE run SET value = 'null' WHERE key = 'finished'")
    assert json_of(run, 0)["complete"] is False
    assert "not complete" in verify(run).stdout


MARKER = Path("ran")
EVIL = """
from pathlib import Path
from tests.linear_models import linear
Path("ran").write_text("")
"""


def test_no_code_that_the_run_file_alone_names_runs(run: Path) -> None:
    Path("evil.py").write_text(EVIL)
    set_setting(run, "$.model_options.arch", '["evil.py:linear"]')
    execute(run, "UPDATE model SET arch = 'evil.py:linear'")
    refused = call("verify", run)
    assert refused.exit_code == 2
    assert not MARKER.exists() and refused.stdout == ""
    assert "A run file alone runs no code" in error_text(refused)
    assert "--arch 'dense=evil.py:linear'" in error_text(refused)
    assert verify(run).exit_code == 0 and not MARKER.exists()
    named = call("verify", run, "--arch", "evil.py:linear")
    assert MARKER.exists() and "the code of dense's architecture (linear) has changed" in named.stdout


def test_trust_in_the_run_file_is_no_trust(run: Path) -> None:
    """A whole module in place of the dense state dict, which the run says that it trusted."""
    network = linear()
    network.load_state_dict(torch.load(run.parent / "dense.pt", weights_only=True)["state_dict"])
    torch.save(network, run.parent / "dense.pt")
    sha256 = hashlib.sha256((run.parent / "dense.pt").read_bytes()).hexdigest()
    execute(run, "UPDATE model SET sha256 = ? WHERE name = 'dense'", sha256)
    set_setting(run, "$.model_options.trust_pickle", '["yes"]')
    refused = verify(run, run.parent / "dense.pt")
    assert refused.exit_code == 1 and "--trust-pickle" in error_text(refused)
    trusted = verify(run, run.parent / "dense.pt", "--trust-pickle")
    assert trusted.exit_code == 1 and "has other weights" in trusted.stdout  # the identity in the run table


def test_other_files_and_formats_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.thinice").write_text("text " * 100)
    assert "expected NAME.thinice" in error_text(verify("a.thinice"))
    assert "there is no such run file" in error_text(verify("absent.thinice"))
    assert call("verify", "a.thinice", "--format", "csv").exit_code == 2


def test_the_sample_run_is_verified_by_the_installed_command() -> None:
    command = [sys.executable, "-m", "thinice_tui", "verify", "standard.thinice", "--format", "json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=SAMPLE_MODELS, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["conclusion"] == "385 of 385 adversarial images verified" and len(found["models"]) == 5
