"""Warnings of a low clean accuracy: they name the remedies that help, and no others."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from tests.linear_models import ARCH, SHAPE, Files, as_uint8
from tests.places import SAMPLE_MODELS
from thinice_tui.data.samples import Samples
from thinice_tui.data.spec import read_samples
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight.accuracy import check_accuracy
from thinice_tui.models.load import LoadedModel, load_model
from thinice_tui.models.normalization import KNOWN
from thinice_tui.protocol.data_options import DataOptions

CPU = torch.device("cpu")
SAMPLE = SAMPLE_MODELS


@pytest.fixture
def dense(files: Files) -> LoadedModel:
    return load_model(files.dense, ARCH)


@pytest.fixture(scope="module")
def cifar10() -> Samples:
    """The first 300: enough for every remedy."""
    with np.load(SAMPLE / "cifar10-test-1000.npz") as data:
        images, labels = data["images"].transpose(0, 3, 1, 2)[:300], data["labels"].astype(np.int64)[:300]
    return Samples(images, labels, np.arange(300), (), "CIFAR-10")


def clear(files: Files, labels: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Images of these classes that the linear model always classifies correctly."""
    noise = np.random.default_rng(0).normal(0, 0.02, (len(labels), *SHAPE))
    return as_uint8((0.5 + 0.1 * files.task.weight[labels].reshape(-1, *SHAPE) + noise).astype(np.float32))


def warning(model: LoadedModel, samples: Samples) -> str:
    return "".join(check_accuracy(model, StratifiedSample(samples), CPU))


def test_an_accurate_model_gets_no_warning(dense: LoadedModel, files: Files) -> None:
    labels = np.arange(100) % 5
    assert warning(dense, Samples(clear(files, labels), labels, np.arange(100), (), "made")) == ""


def test_a_weak_model_that_no_remedy_helps_gets_no_warning(cifar10: Samples) -> None:
    """41 % with its own normalisation: no other is better."""
    assert warning(load_model(SAMPLE / "pruned-99.pt"), cifar10) == ""


def test_no_remedy_helps_a_network_that_always_predicts_one_class(dense: LoadedModel, files: Files) -> None:
    """Half of the images are of one class: no remedy is better than chance."""

    class First(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 0 * x.flatten(1)[:, :5] + torch.arange(5, 0, -1)

    labels = np.repeat([0, 1, 2, 3, 4], [200, 50, 50, 50, 50])
    said = warning(replace(dense, network=First()), Samples(clear(files, labels), labels, np.arange(400), (), "made"))
    assert said == "", "half are of class 0, and half are right"
    labels = np.repeat([1, 0, 2, 3, 4], [200, 50, 50, 50, 50])
    said = warning(replace(dense, network=First()), Samples(clear(files, labels), labels, np.arange(400), (), "made"))
    assert "near chance (20.0%)" in said and "do not raise it" in said and "gives" not in said


def test_the_normalisation_that_helps_is_named(dense: LoadedModel) -> None:
    """A model that was trained behind ImageNet's normalisation gets raw images."""
    random = np.random.default_rng(0)
    n = 60
    labels = np.arange(n) % 3
    pixels = np.full((n, 3, 8, 8), 0.0, dtype=np.float32)
    means = np.array(KNOWN["imagenet"].mean, dtype=np.float32)
    stds = np.array(KNOWN["imagenet"].std, dtype=np.float32)
    shift = np.eye(3, dtype=np.float32)[labels] * 0.1
    pixels += (means + shift * stds)[:, :, None, None] + random.normal(0, 1e-3, pixels.shape).astype(np.float32)

    class BrightestChannel(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.mean(dim=(2, 3)) * 10

    samples = Samples(pixels, labels.astype(np.int64), np.arange(n), (), "made")
    network = BrightestChannel()
    assert warning(replace(dense, network=network, normalization=KNOWN["imagenet"]), samples) == ""
    said = warning(replace(dense, network=network, normalization=None), samples)
    assert "clean accuracy is 33.3% on 60 images" in said and "with normalisation none" in said
    assert "--normalize imagenet gives 100.0%" in said
    few = warning(replace(dense, network=network, normalization=None), samples.first(6))
    assert "too few images to try remedies" in few and "gives" not in few


def test_only_constants_that_fit_the_channels_are_tried(cifar10: Samples) -> None:
    """Real weights behind nothing, real images: the constants of colour data sets help, MNIST's are not tried."""
    said = warning(replace(load_model(SAMPLE / "dense.pt"), normalization=None), cifar10)
    assert "--normalize cifar10 gives 7" in said and "mnist" not in said and "BGR" not in said


def test_bgr_order_is_named() -> None:
    class Colour(nn.Module):
        """The class is read from the first channel less the last."""

        def forward(self, x: Tensor) -> Tensor:
            level = (x[:, 0] - x[:, 2]).mean(dim=(1, 2))
            return -(level[:, None] - torch.linspace(-0.4, 0.4, 5)).abs()

    labels = np.arange(200) % 5
    images = np.full((200, 3, 4, 4), 0.5, dtype=np.float32)
    images[:, 0] += (np.linspace(-0.2, 0.2, 5)[labels])[:, None, None].astype(np.float32)
    images[:, 2] -= (np.linspace(-0.2, 0.2, 5)[labels])[:, None, None].astype(np.float32)
    sample = load_model(SAMPLE / "dense.pt")
    silent = replace(sample.checkpoint, about={})  # the file's accuracy is another network's
    model = replace(sample, network=Colour(), normalization=None, checkpoint=silent)
    right = Samples(images, labels, np.arange(200), (), "RGB")
    assert warning(model, right) == ""
    said = warning(model, replace(right, images=images[:, ::-1].copy()))
    assert "BGR order" in said and "gives 100.0%" in said and "--normalize" not in said


@pytest.mark.parametrize(("moved", "named"), [(1, "labels − 1"), (-1, "labels + 1")])
def test_shifted_labels_are_named(dense: LoadedModel, files: Files, moved: int, named: str) -> None:
    labels = np.arange(200) % 4 + (moved < 0)
    said = warning(dense, Samples(clear(files, labels), labels + moved, np.arange(200), (), "made"))
    assert f"{named} (" in said and "gives 100.0%" in said and "order of the classes" not in said


def test_another_class_order_is_named(dense: LoadedModel, files: Files) -> None:
    shown = np.array([3, 0, 4, 1, 2])
    labels = np.arange(250) % 5
    said = warning(dense, Samples(clear(files, shown[labels]), labels, np.arange(250), (), "made"))
    assert "0 → 3, 1 → 0, 2 → 4, 3 → 1, 4 → 2" in said and "gives 100.0%" in said


def test_a_folders_class_map_is_written_out_and_helps(dense: LoadedModel, files: Files, tmp_path: Path) -> None:
    """Folders sort by name, not in the model's order: with the class map of the warning, there is no warning."""
    names = ["zebra", "ant", "dog", "cow", "bee"]
    labels = np.arange(100) % 5
    for row, image in enumerate(clear(files, labels)):
        folder = tmp_path / "pictures" / names[labels[row]]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.transpose(1, 2, 0)).save(folder / f"{row}.png")
    said = warning(dense, read_samples(f"folder:{tmp_path / 'pictures'}"))
    start = said.index("--class-map FILE with ") + len("--class-map FILE with ")
    (tmp_path / "map.json").write_text(said[start : said.index("}", start) + 1])
    assert json.loads((tmp_path / "map.json").read_text()) == {name: label for label, name in enumerate(names)}
    mapped = read_samples(f"folder:{tmp_path / 'pictures'}", DataOptions(class_map=tmp_path / "map.json"))
    assert warning(dense, mapped) == ""


@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize("seed", range(3))
def test_no_remedy_helps_a_random_network(cifar10: Samples, classes: int, seed: int) -> None:
    """Real images give a random network some information: brightness depends on the class."""
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.ReLU(), nn.MaxPool2d(4), nn.Conv2d(16, 16, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(400, classes),
    ).eval()  # fmt: skip
    rows = np.flatnonzero(cifar10.labels < classes)
    model = replace(load_model(SAMPLE / "dense.pt"), network=network, normalization=KNOWN["cifar10"])
    said = warning(model, cifar10.take(rows, "some"))
    assert "gives" not in said
    if classes == 10:
        assert "near chance (10.0%)" in said and "BGR order, labels ± 1" in said and "do not raise it" in said
