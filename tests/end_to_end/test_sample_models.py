"""The sample models have the accuracies and sparsities that their files state, and `compare` needs no options."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.places import SAMPLE_MODELS
from thinice_tui.analysis.comparison import analyse
from thinice_tui.commands.app import app
from thinice_tui.data.spec import read_samples, stored_spec
from thinice_tui.models.load import LoadedModel, load_model
from thinice_tui.protocol.pixels import as_floats
from thinice_tui.runfile.read_sample import read_adversarial, read_image
from thinice_tui.runfile.reader import read_run

FOLDER = SAMPLE_MODELS
RUN = FOLDER / "standard.thinice"
SPARSITY = {"dense": 0.0, "pruned-90": 0.90, "pruned": 0.95, "pruned-99": 0.99, "control": 0.0}


def load(name: str) -> LoadedModel:
    return load_model(FOLDER / f"{name}.pt")


@pytest.mark.parametrize("name", SPARSITY)
def test_a_checkpoint_names_everything_that_compare_needs(name: str) -> None:
    stored = torch.load(FOLDER / f"{name}.pt", weights_only=True)
    assert {"state_dict", "arch", "normalization", "dataset", "class_names", "recipe", "seed", "measured"} <= set(
        stored
    )
    model = load(name)
    assert model.arch == "preact_resnet8" and model.normalization is not None
    assert Path(stored_spec(model.checkpoint.about, model.path)).is_file()
    assert model.sparsity.conv_linear == pytest.approx(SPARSITY[name], abs=2e-3)


@pytest.mark.parametrize("name", SPARSITY)
def test_clean_accuracy_is_what_the_checkpoint_says(name: str) -> None:
    model = load(name)
    samples = read_samples(stored_spec(model.checkpoint.about, model.path))
    assert len(samples) == 1000 and len(samples.class_names) == 10
    with torch.no_grad():
        logits = model.classifier()(torch.from_numpy(samples.floats())).numpy()
    measured = model.checkpoint.about["measured"]
    assert isinstance(measured, dict)
    accuracy = 100 * float((logits.argmax(1) == samples.labels).mean())
    assert accuracy == pytest.approx(measured["clean_accuracy"], abs=0.2)


def test_the_dense_model_and_pruned_90_reach_the_aim() -> None:
    dense, pruned = (load(name).checkpoint.about["measured"] for name in ("dense", "pruned-90"))
    assert isinstance(dense, dict) and isinstance(pruned, dict)
    assert dense["clean_accuracy"] >= 68 and dense["pgd20_accuracy"] >= 36
    for key in ("clean_accuracy", "pgd20_accuracy"):
        assert round(10 * (dense[key] - pruned[key])) <= 40, "in samples of 1000"


def test_everything_fits_in_22_mb_and_the_finished_run_in_6() -> None:
    shipped = [path for path in (*FOLDER.glob("*"), *FOLDER.glob("seed-*/*")) if path.is_file()]
    assert sum(path.stat().st_size for path in shipped) <= 22_000_000
    assert RUN.stat().st_size <= 6_000_000


def test_the_finished_run_is_of_these_models_and_its_flips_verify() -> None:
    """Every adversarial image in it lies within eps and is misclassified by the unmodified model in full precision."""
    run = read_run(RUN)
    assert run.complete and len(run.labels) == 1000 and analyse(run).complete
    eps, judged = 8 / 255, 0
    for number, model in enumerate(run.models):
        loaded = load(model.record.name)
        assert model.record.sha256 == loaded.checkpoint.sha256
        positions = [
            p for p in np.flatnonzero(model.broken_by >= 0) if read_adversarial(RUN, number, int(p)) is not None
        ]
        found = [read_adversarial(RUN, number, int(position)) for position in positions]
        images = np.stack([image for image in found if image is not None])
        clean = np.stack([as_floats(read_image(RUN, int(position))) for position in positions])
        assert np.abs(images.astype(np.float64) - clean).max() <= eps and images.min() >= 0 and images.max() <= 1
        with torch.no_grad():
            said = loaded.classifier()(torch.from_numpy(images)).argmax(dim=1).numpy()
        assert (said != run.labels[positions]).all() and np.array_equal(said, model.worst_prediction[positions])
        judged += len(positions)
    assert judged > 300


def test_the_images_are_cifar10s_first_test_images() -> None:
    with np.load(FOLDER / "cifar10-test-1000.npz") as data:
        assert data["images"].shape == (1000, 32, 32, 3) and data["images"].dtype == np.uint8
        assert data["labels"][:10].tolist() == [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]


def test_the_installed_command_under_l1(tmp_path: Path) -> None:
    """Default eps, the report's units, distances, and every stored image within eps in float64."""
    command = [sys.executable, "-m", "thinice_tui", "compare", str(FOLDER / "dense.pt"), str(FOLDER / "pruned.pt")]
    options = ["--norm", "L1", "--attack", "quick", "--samples", "12", "--distances", "--keep-images", "all"]
    run = tmp_path / "a.thinice"
    done = subprocess.run([*command, *options, "--run", str(run), "--report"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    assert "L1 eps 12" in words and "/255" not in words
    stored, judged = read_run(run), 0
    for number, model in enumerate(stored.models):
        loaded, distances = load(model.record.name), model.distance
        for position in np.flatnonzero(model.broken_by >= 0):
            image, clean = read_adversarial(run, number, int(position)), as_floats(read_image(run, int(position)))
            assert image is not None and image.min() >= 0 and image.max() <= 1
            length = np.abs(image.astype(np.float64) - clean.astype(np.float64)).sum()
            assert length <= 12 + 1e-9 and distances[position] == pytest.approx(length)
            with torch.no_grad():
                said = loaded.classifier()(torch.from_numpy(image)[None]).argmax()
            assert said != stored.labels[position]
            assert 0 < model.boundary[position] <= distances[position]
            judged += 1
    assert judged > 5


def test_the_main_job() -> None:
    files = [str(FOLDER / name) for name in ("dense.pt", "pruned.pt")]
    result = CliRunner().invoke(
        app, ["compare", *files, "--attack", "quick", "--samples", "64", "--report", "--format", "json"]
    )
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["run"]["complete"] and found["run"]["warnings"] == []
    dense, pruned = found["models"]
    assert 0.15 < dense["robust_accuracy"] < dense["stages"][0]["robust_accuracy_after"] < dense["clean_accuracy"]
    assert pruned["sparsity"]["conv_linear"] == pytest.approx(0.95, abs=2e-3)
    (comparison,) = found["comparisons"]
    assert comparison["nfr"] - comparison["pfr"] == pytest.approx(dense["robust_accuracy"] - pruned["robust_accuracy"])
