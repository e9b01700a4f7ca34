"""The dense sample model, and images that it classifies correctly."""

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.places import SAMPLE_MODELS
from thinice_tui.models.classifier import Classifier
from thinice_tui.models.load import load_model


@pytest.fixture(scope="package")
def model() -> Classifier:
    return load_model(SAMPLE_MODELS / "dense.pt").classifier()


@pytest.fixture(scope="package")
def batch(model: Classifier) -> tuple[Tensor, Tensor]:
    """Sixteen test images that the dense sample model gets right."""
    with np.load(SAMPLE_MODELS / "cifar10-test-1000.npz") as data:
        images = torch.from_numpy(data["images"][:40]).permute(0, 3, 1, 2).contiguous().float() / 255
        labels = torch.from_numpy(data["labels"][:40].astype(np.int64))
    with torch.no_grad():
        right = model(images).argmax(1) == labels
    return images[right][:16], labels[right][:16]
