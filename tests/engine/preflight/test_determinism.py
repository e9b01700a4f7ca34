"""Models that misbehave are refused or warned of, with the reason; unusual models that behave are attacked."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from tests.engine_runs import StopAfter, assert_same_outcomes, request, run_it
from tests.linear_models import ARCH, Files, as_uint8
from tests.places import MISBEHAVING_MODELS, SAMPLE_MODELS
from thinice_tui.commands.app import app
from thinice_tui.data.spec import read_samples
from thinice_tui.engine.preflight.check_result import CheckResult
from thinice_tui.engine.preflight.determinism import CHANGES, IMAGES, check_determinism
from thinice_tui.errors import EXIT_ERROR, CheckpointError, ModelError, reason
from thinice_tui.models.classifier import Classifier
from thinice_tui.models.load import load_model
from thinice_tui.runfile.reader import read_run

CPU = torch.device("cpu")
SOUND = CheckResult(CHANGES, 0, IMAGES)
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*is deprecated:DeprecationWarning")


def arch(name: str) -> str:
    return f"{MISBEHAVING_MODELS}:{name}"


def warnings_of(files: Files, name: str) -> list[str]:
    """The warnings of the check for a model of tests/misbehaving_models.py."""
    checks = check_determinism(load_model(files.dense, arch(name)), read_samples(str(files.data)), CPU)
    return [check.warning for check in checks if check.warning]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("switches_mode", r"its forward pass switches to training mode \(the network, 0, 1\)"),
        ("changes_statistics", r"its forward pass changes its own state \(mean\)"),
        ("changes_weights", r"its forward pass changes its own state \(1.weight\)"),
        ("takes_4", r"takes batches of 4, and fails on 8 \(RuntimeError: shape"),
        ("takes_8", r"takes batches of 8, and fails on 3 \(RuntimeError: shape"),
        ("takes_128", r"takes batches of 128, and fails on 8 \(RuntimeError: shape"),
        ("always_eight", r"returns an array of shape \(8, 5\) for 3 images, takes 8"),
        (
            "wrong_rows",
            r"an image's logits depend on the other images of its batch: of 3 together and of 8 they differ",
        ),
        ("batch_normed", r"depend on the other images of its batch.*\(batch norm without running statistics: norm\)"),
        ("ending", r"cannot take images of shape \(3, 8, 8\) \(SystemExit: 0\)"),
        ("returns_dict", r"its forward pass returns dict .* \(8, 3, 8, 8\), \(\), no logits"),
    ],
)
def test_a_model_that_misbehaves_is_refused_before_the_run_with_the_reason(
    files: Files, tmp_path: Path, name: str, what: str
) -> None:
    with pytest.raises(ModelError, match=what) as caught:
        run_it(request(files, tmp_path / "a.thinice", arch=arch(name)))
    assert str(files.dense) in caught.value.what and caught.value.do.startswith(("expected", "check"))
    assert caught.value.exit_code == EXIT_ERROR
    assert not (tmp_path / "a.thinice").exists()


@pytest.mark.parametrize("name", ["randomised", "dropping"])
def test_a_randomised_model_is_attacked_and_the_run_file_warns_of_it(files: Files, tmp_path: Path, name: str) -> None:
    observer = StopAfter()
    run = run_it(request(files, tmp_path / "a.thinice", arch=arch(name)), observer)
    stored = run.info.warnings
    assert run.complete
    for path in (files.dense, files.pruned, files.control):
        assert any(f"{path}: is randomised" in warning for warning in stored)
        assert any(f"{path}: is randomised" in warning for warning in observer.warnings)
    assert all("may be too high" in warning for warning in stored if "is randomised" in warning)
    found = [one for one in run.findings if one.check == CHANGES]
    assert len(found) == 3 and all(one.doubtful and 0 < one.value <= IMAGES for one in found)
    told = CliRunner().invoke(app, ["report", str(tmp_path / "a.thinice")]).stdout
    assert "DOUBTFUL" in told and "no check gives a reason to doubt" not in told


@pytest.mark.parametrize("name", ["changes_input", "without_parameters", "scripted"])
def test_an_unusual_model_that_behaves_is_attacked(files: Files, tmp_path: Path, name: str) -> None:
    assert warnings_of(files, name) == []
    found = run_it(request(files, tmp_path / "a.thinice", arch=arch(name)))
    assert found.complete
    if name == "changes_input":  # another function: what it does to its input is part of it
        model = load_model(files.dense, arch(name)).classifier()
        images = torch.from_numpy(files.task.images)
        before = images.clone()
        with torch.no_grad():
            expected = model(images).argmax(dim=1).numpy()
        assert torch.equal(images, before), "its input stays as it is"
        assert np.array_equal(found.models[0].clean_prediction, expected)
    else:
        assert_same_outcomes(found, run_it(request(files, tmp_path / "b.thinice")))


def test_a_scripted_models_sparsity_is_that_of_the_network(files: Files) -> None:
    scripted, plain = (load_model(files.pruned, name).sparsity for name in (arch("scripted"), ARCH))
    assert scripted == plain and 0.1 < plain.conv_linear < 0.3


def test_a_checkpoint_without_weights_is_refused(files: Files, tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, files.dense)
    with pytest.raises(CheckpointError, match="no weights found in it"):
        run_it(request(files, tmp_path / "a.thinice"))


def test_nan_on_some_clean_images_is_refused_before_any_attack(files: Files, tmp_path: Path) -> None:
    bright = files.task.images.copy()
    bright[:, 0, 0, 0] = 0.6
    bright[20:23, 0, 0, 0] = 0.3
    np.savez(files.data, images=as_uint8(bright), labels=files.task.labels)
    assert warnings_of(files, "nan_sometimes") == []
    observer = StopAfter()
    with pytest.raises(ModelError, match="logits of 3 of 8 clean images are NaN or infinite"):
        run_it(request(files, tmp_path / "a.thinice", arch=arch("nan_sometimes")), observer)
    assert observer.seen == [] and observer.stages == []
    assert sum(len(stage.batches) for m in read_run(tmp_path / "a.thinice").models for stage in m.stages) == 0


def test_whatever_a_model_raises_under_attack_becomes_a_model_error(files: Files, tmp_path: Path) -> None:
    """Here a BaseException without text."""
    with pytest.raises(ModelError, match=r"dense, PGD-20, batch of \d on cpu: failed \(_StrangeError\)") as caught:
        run_it(request(files, tmp_path / "a.thinice", arch=arch("ending_under_attack")))
    assert "what was computed before is kept" in caught.value.what


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("first\nsecond"), "ValueError: first"),
        (KeyError(), "KeyError"),
        (RuntimeError("x" * 1000), "RuntimeError: " + "x" * 200),
    ],
)
def test_the_reason_of_an_error_is_one_line(error: Exception, said: str) -> None:
    assert reason(error) == said


def test_fewer_images_than_the_check_uses_are_enough(files: Files) -> None:
    samples = read_samples(str(files.data)).first(1)
    assert check_determinism(load_model(files.dense, ARCH), samples, CPU) == (SOUND,)
    with pytest.raises(ModelError, match="depend on the other images"):
        check_determinism(load_model(files.dense, arch("batch_normed")), samples, CPU)


@pytest.mark.parametrize("name", ["dense", "pruned-99"])
def test_sound_networks_get_no_warning(name: str) -> None:
    """Their convolutions and batch norms round differently for each batch size."""
    samples = read_samples(str(SAMPLE_MODELS / "cifar10-test-1000.npz")).first(20)
    assert check_determinism(load_model(SAMPLE_MODELS / f"{name}.pt"), samples, CPU) == (SOUND,)


@pytest.mark.parametrize(("fits", "checked"), [(8, 8), (7, 4), (3, 2), (1, 1)])
def test_on_a_device_with_little_memory_fewer_images_are_checked(
    files: Files, monkeypatch: pytest.MonkeyPatch, fits: int, checked: int
) -> None:
    forward = Classifier.forward

    def limited(self: Classifier, images: Tensor) -> Tensor:
        if len(images) > fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, images)

    monkeypatch.setattr(Classifier, "forward", limited)
    model, samples = load_model(files.dense, ARCH), read_samples(str(files.data))
    assert check_determinism(model, samples, CPU) == (CheckResult(CHANGES, 0, checked),)
    if checked > 1:
        with pytest.raises(ModelError, match=f"of {checked} they differ|takes batches of {checked}, and fails on 1"):
            check_determinism(load_model(files.dense, arch("batch_normed")), samples, CPU)


def test_a_device_without_room_for_one_image_is_out_of_memory(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Classifier, "forward", full)
    with pytest.raises(torch.OutOfMemoryError):
        check_determinism(load_model(files.dense, ARCH), read_samples(str(files.data)), CPU)
