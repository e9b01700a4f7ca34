"""Which normalisation a model expects, found by its clean accuracy; on networks that say it by construction."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from thinice_tui.data.samples import Samples
from thinice_tui.engine.normalizing import decide_normalization, describe_trial
from thinice_tui.models.load import LoadedModel, load_model
from thinice_tui.models.normalization import KNOWN, candidates, choose, told_apart

CPU = torch.device("cpu")
SAMPLE = Path(__file__).parents[2] / "sample_models"


class Bins(nn.Module):
    """The class of an image is the bin that the mean of its first channel, as it comes, falls in."""

    def __init__(self, edges: list[float]) -> None:
        super().__init__()
        self.register_buffer("edges", torch.tensor(edges))
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        edges = self.edges
        assert isinstance(edges, Tensor)
        level = x[:, 0].mean(dim=(1, 2))
        return -self.scale * (level[:, None] - edges).abs()


def made(model: LoadedModel, expected: str, n: int = 200) -> tuple[LoadedModel, Samples]:
    """A network that is right behind `expected` alone, and its images: grey levels of five classes."""
    labels = np.arange(n) % 5
    levels = 0.1 + 0.2 * labels
    noise = np.random.default_rng(0).uniform(-0.05, 0.05, (n, 3, 4, 4))
    images = (levels[:, None, None, None] + noise).astype(np.float32)
    known = KNOWN.get(expected)
    mean, std = (known.mean[0], known.std[0]) if known else (0.0, 1.0)
    network = Bins([(0.1 + 0.2 * k - mean) / std for k in range(5)])
    loaded = replace(model, network=network, normalization=None, source="undecided")
    return loaded, Samples(images, labels.astype(np.int64), np.arange(n), (), "made")


@pytest.fixture
def model() -> LoadedModel:
    return load_model(SAMPLE / "dense.pt")


@pytest.mark.parametrize("expected", ["none", "cifar10", "cifar10-2023", "imagenet", "svhn", "half"])
def test_the_normalisation_that_a_model_needs_is_found(model: LoadedModel, expected: str) -> None:
    undecided, samples = made(model, expected)
    decided, trial = decide_normalization(undecided, samples, None, CPU)
    assert trial is not None and trial.accuracies[expected] == 1
    name = decided.normalization.name if decided.normalization else "none"
    assert name == trial.chosen and decided.source == "clean accuracy"
    if expected in ("none", "half"):
        assert name == expected
    assert name == expected or trial.accuracies[name] == 1, "another is taken only where it is as good"
    assert set(trial.accuracies) == set(candidates(3))
    said = describe_trial("dense", trial)
    assert f"normalisation {name}, by clean accuracy" in said and "%" in said and "--normalize" in said


def test_none_is_taken_where_noise_does_not_tell(model: LoadedModel) -> None:
    undecided, samples = made(model, "none")
    constant = replace(undecided, network=Bins([0.0, 100.0, 100.0, 100.0, 100.0]))
    decided, trial = decide_normalization(constant, samples, None, CPU)
    assert trial is not None and trial.chosen == "none" and decided.normalization is None
    assert trial.why.startswith("it makes little difference")


def test_the_dense_models_is_taken_where_noise_does_not_tell(model: LoadedModel) -> None:
    undecided, samples = made(model, "none")
    constant = replace(undecided, network=Bins([0.0, 100.0, 100.0, 100.0, 100.0]))
    own = replace(KNOWN["svhn"], name="its own")
    decided, _ = decide_normalization(constant, samples, own, CPU)
    assert decided.normalization == own


def test_what_a_file_says_is_not_tried(model: LoadedModel) -> None:
    _, samples = made(model, "none")
    assert decide_normalization(model, samples, None, CPU) == (model, None)
    assert model.source == "the file's metadata"


def test_a_model_that_takes_no_such_images_is_left_to_the_checks(model: LoadedModel) -> None:
    undecided, samples = made(model, "none")
    refusing = replace(undecided, network=nn.Linear(7, 2))
    assert decide_normalization(refusing, samples, None, CPU) == (refusing, None)


def test_the_sample_models_without_their_metadata_find_it_again(tmp_path: Path) -> None:
    """Real weights, real images: the training normalisation, or one that noise does not tell from it."""
    stored = torch.load(SAMPLE / "dense.pt", weights_only=True)
    torch.save(stored["state_dict"], tmp_path / "bare.pt")
    bare = load_model(tmp_path / "bare.pt")
    assert bare.source == "undecided"
    with np.load(SAMPLE / "cifar10-test-1000.npz") as data:
        samples = Samples(
            data["images"].transpose(0, 3, 1, 2), data["labels"].astype(np.int64), np.arange(1000), (), "x"
        )
    decided, trial = decide_normalization(bare, samples, None, CPU)
    assert trial is not None and decided.normalization is not None
    assert decided.normalization.name in ("cifar10", "cifar100", "cifar10-2023", "imagenet")
    assert trial.accuracies[trial.chosen] > trial.accuracies["none"] + 0.2


def test_two_are_told_apart_by_the_images_that_only_one_gets_right() -> None:
    right = np.ones(100, dtype=np.bool_)
    slightly, clearly = right.copy(), right.copy()
    slightly[:3], clearly[:10] = False, False
    assert not told_apart(right, slightly) and told_apart(right, clearly) and not told_apart(clearly, right)
    assert choose({"none": slightly, "cifar10": right}, ["none"]).chosen == "none"
    assert choose({"none": clearly, "cifar10": right}, ["none"]).chosen == "cifar10"
