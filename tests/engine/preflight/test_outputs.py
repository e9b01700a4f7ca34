"""The check of a model's outputs, and of the labels against its classes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.linear_models import ARCH, Files, module
from tests.places import LINEAR_MODELS
from thinice_tui.data.samples import Samples
from thinice_tui.data.spec import read_samples
from thinice_tui.engine.preflight.outputs import check_finite, check_outputs
from thinice_tui.errors import DataError, ModelError
from thinice_tui.models.load import LoadedModel, load_model

CPU = torch.device("cpu")
LINEAR_MODELS_FILE = str(LINEAR_MODELS)


@pytest.fixture
def samples(files: Files) -> Samples:
    return read_samples(str(files.data))


@pytest.fixture
def dense(files: Files) -> LoadedModel:
    return load_model(files.dense, ARCH)


def test_the_number_of_classes_is_returned(dense: LoadedModel, samples: Samples) -> None:
    assert check_outputs(dense, samples, CPU) == 5


def test_probabilities_are_refused(files: Files, samples: Samples) -> None:
    model = load_model(files.dense, f"{LINEAR_MODELS_FILE}:softmaxed")
    with pytest.raises(ModelError, match=r"returns probabilities.*expected logits"):
        check_outputs(model, samples, CPU)


def test_logits_that_are_not_finite_are_refused(dense: LoadedModel, samples: Samples) -> None:
    class Infinite(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.flatten(1)[:, :5] / 0

    with pytest.raises(ModelError, match="8 of 8 clean images are NaN or infinite"):
        check_outputs(replace(dense, network=Infinite()), samples, CPU)
    logits = np.zeros((9, 3), dtype=np.float32)
    logits[4, 1] = np.nan
    with pytest.raises(ModelError, match="1 of 9"):
        check_finite(logits, "model.pt")


def test_a_label_beyond_the_models_classes_is_refused(dense: LoadedModel, samples: Samples) -> None:
    labels = samples.labels.copy()
    labels[3] = 5
    with pytest.raises(DataError, match=r"has the label 5, but .* knows 5 classes \(0 to 4\)"):
        check_outputs(dense, replace(samples, labels=labels), CPU)


def test_images_of_another_size_are_refused(dense: LoadedModel, samples: Samples) -> None:
    larger = replace(samples, images=np.zeros((len(samples), 3, 9, 9), dtype=np.uint8))
    with pytest.raises(ModelError, match=r"cannot take images of shape \(3, 9, 9\)"):
        check_outputs(dense, larger, CPU)


def test_outputs_that_are_no_logits_are_refused(dense: LoadedModel, samples: Samples) -> None:
    with pytest.raises(ModelError, match="returns an array of shape"):
        check_outputs(replace(dense, network=torch.nn.Identity()), samples, CPU)


def test_a_tuple_is_unwrapped(files: Files, samples: Samples) -> None:
    state = {f"inner.{key}": value for key, value in module(files.task.weight).state_dict().items()}
    torch.save(state, files.dense)
    assert check_outputs(load_model(files.dense, f"{LINEAR_MODELS_FILE}:returns_tuple"), samples, CPU) == 5
