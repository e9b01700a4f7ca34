"""What is refused, or warned of, before any attack."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny import ARCH, Files, as_uint8, make_task, module
from thinice_tui.data.samples import Samples
from thinice_tui.data.spec import read_samples
from thinice_tui.engine.checks import check_finite, probe_outputs
from thinice_tui.engine.normalizing import accuracy_warning
from thinice_tui.errors import DataError, ModelError
from thinice_tui.models.load import LoadedModel, load_model
from thinice_tui.models.normalization import KNOWN

CPU = torch.device("cpu")
TINY = str(Path(__file__).parents[1] / "tiny.py")


@pytest.fixture
def samples(files: Files) -> Samples:
    return read_samples(str(files.data))


@pytest.fixture
def dense(files: Files) -> LoadedModel:
    return load_model(files.dense, ARCH)


def test_a_good_model_is_told_its_classes(dense: LoadedModel, samples: Samples) -> None:
    assert probe_outputs(dense, samples, CPU) == 5


def test_probabilities_are_refused(files: Files, samples: Samples) -> None:
    model = load_model(files.dense, f"{TINY}:softmaxed")
    with pytest.raises(ModelError, match=r"returns probabilities.*expected logits"):
        probe_outputs(model, samples, CPU)


def test_logits_that_are_not_finite_are_refused(dense: LoadedModel, samples: Samples) -> None:
    class Infinite(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.flatten(1)[:, :5] / 0

    with pytest.raises(ModelError, match="8 of 8 clean images are NaN or infinite"):
        probe_outputs(replace(dense, network=Infinite()), samples, CPU)
    logits = np.zeros((9, 3), dtype=np.float32)
    logits[4, 1] = np.nan
    with pytest.raises(ModelError, match="1 of 9"):
        check_finite(logits, "model.pt")


def test_a_label_beyond_the_models_classes_is_refused(dense: LoadedModel, samples: Samples) -> None:
    labels = samples.labels.copy()
    labels[3] = 5
    with pytest.raises(DataError, match=r"has the label 5, but .* knows 5 classes \(0 to 4\)"):
        probe_outputs(dense, replace(samples, labels=labels), CPU)


def test_images_of_another_size_are_refused(dense: LoadedModel, samples: Samples) -> None:
    larger = replace(samples, images=np.zeros((len(samples), 3, 9, 9), dtype=np.uint8))
    with pytest.raises(ModelError, match=r"cannot take images of shape \(3, 9, 9\)"):
        probe_outputs(dense, larger, CPU)


def test_outputs_that_are_no_logits_are_refused(dense: LoadedModel, samples: Samples) -> None:
    with pytest.raises(ModelError, match="returns an array of shape"):
        probe_outputs(replace(dense, network=torch.nn.Identity()), samples, CPU)


def test_a_tuple_is_unwrapped(files: Files, samples: Samples) -> None:
    state = {f"inner.{key}": value for key, value in module(files.task.weight).state_dict().items()}
    torch.save(state, files.dense)
    assert probe_outputs(load_model(files.dense, f"{TINY}:returns_tuple"), samples, CPU) == 5


def warning(model: LoadedModel, samples: Samples) -> str:
    with torch.no_grad():
        logits = model.classifier()(torch.from_numpy(samples.floats())).numpy()
    return accuracy_warning(model, samples, logits)


def test_a_good_model_is_not_warned_of(dense: LoadedModel, samples: Samples) -> None:
    assert warning(dense, samples) == ""


def test_the_normalisation_that_would_mend_it_is_named(dense: LoadedModel) -> None:
    """A model trained behind ImageNet's normalisation, here on raw images: only its bias decides."""
    random = np.random.default_rng(0)
    n = 60
    labels = np.arange(n) % 3
    pixels = np.full((n, 3, 8, 8), 0.0, dtype=np.float32)
    means = np.array(KNOWN["imagenet"].mean, dtype=np.float32)
    stds = np.array(KNOWN["imagenet"].std, dtype=np.float32)
    shift = np.eye(3, dtype=np.float32)[labels] * 0.1
    pixels += (means + shift * stds)[:, :, None, None] + random.normal(0, 1e-3, pixels.shape).astype(np.float32)

    class BrightestChannel(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean(dim=(2, 3)) * 10

    samples = Samples(pixels, labels.astype(np.int64), np.arange(n), (), "made")
    network = BrightestChannel()
    assert warning(replace(dense, network=network, normalization=KNOWN["imagenet"]), samples) == ""
    said = warning(replace(dense, network=network, normalization=None), samples)
    assert "clean accuracy is 33.3%" in said and "with normalisation none" in said
    assert "--normalize imagenet gives 100.0%" in said


def test_near_chance_without_a_remedy_says_what_was_tried(dense: LoadedModel) -> None:
    task = make_task(50)
    samples = Samples(as_uint8(task.images), (task.labels + 1) % 5, np.arange(50), (), "made")
    said = warning(dense, samples)
    assert "near chance (20.0%)" in said
    assert "cifar10" in said and "check --arch, --data and the class order" in said
