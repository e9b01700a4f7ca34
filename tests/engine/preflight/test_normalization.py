"""The choice of a normalisation, on networks that by construction work behind one only."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.places import SAMPLE_MODELS
from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight.normalization import NormalizationChoice, choose_normalizations
from thinice_tui.engine.preflight.normalization_candidates import normalization_candidates
from thinice_tui.engine.preflight.trial import describe_trial
from thinice_tui.models.classifier import Normalization
from thinice_tui.models.load import LoadedModel, load_model
from thinice_tui.models.normalization import KNOWN

CPU = torch.device("cpu")
SAMPLE = SAMPLE_MODELS


class Bins(nn.Module):
    """Predicts the bin into which the mean of the first channel falls."""

    def __init__(self, edges: list[float]) -> None:
        super().__init__()
        self.register_buffer("edges", torch.tensor(edges))
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        edges = self.edges
        assert isinstance(edges, Tensor)
        level = x[:, 0].mean(dim=(1, 2))
        return -self.scale * (level[:, None] - edges).abs()


class Constant(nn.Module):
    """Predicts class 0 for every image."""

    def forward(self, x: Tensor) -> Tensor:
        return 0 * x.flatten(1)[:, :5] + torch.arange(5, 0, -1)


def made(model: LoadedModel, expected: str, n: int = 200) -> tuple[LoadedModel, Samples]:
    """A network that is right behind `expected` only, and its images: five grey levels, one a class."""
    labels = np.arange(n) % 5
    levels = 0.1 + 0.2 * labels
    noise = np.random.default_rng(0).uniform(-0.05, 0.05, (n, 3, 4, 4))
    images = (levels[:, None, None, None] + noise).astype(np.float32)
    known = KNOWN.get(expected)
    mean, std = (known.mean[0], known.std[0]) if known else (0.0, 1.0)
    network = Bins([(0.1 + 0.2 * k - mean) / std for k in range(5)])
    loaded = replace(model, network=network, normalization=None, source="undecided")
    return loaded, Samples(images, labels.astype(np.int64), np.arange(n), (), "made")


def choose(models: Sequence[LoadedModel], samples: Samples, *usual: str) -> NormalizationChoice:
    return choose_normalizations(
        models, ["dense", "pruned", "control"][: len(models)], StratifiedSample(samples), usual, CPU
    )


def chosen(choice: NormalizationChoice) -> list[str]:
    return [model.normalization.name if model.normalization else "none" for model in choice.models]


@pytest.fixture
def model() -> LoadedModel:
    return load_model(SAMPLE / "dense.pt")


@pytest.fixture
def cifar10() -> Samples:
    with np.load(SAMPLE / "cifar10-test-1000.npz") as data:
        images, labels = data["images"].transpose(0, 3, 1, 2), data["labels"].astype(np.int64)
    return Samples(images, labels, np.arange(1000), (), "CIFAR-10")


def bare(name: str) -> LoadedModel:
    """A sample model without the normalisation of its file."""
    return replace(load_model(SAMPLE / f"{name}.pt"), normalization=None, source="undecided")


@pytest.mark.parametrize("expected", ["none", "cifar10", "cifar10-2023", "imagenet", "svhn", "half"])
def test_the_normalisation_that_a_model_needs_is_found(model: LoadedModel, expected: str) -> None:
    undecided, samples = made(model, expected)
    choice = choose([undecided], samples)
    (decided,), (trial,) = choice.models, choice.trials
    assert trial is not None and trial.accuracies[expected] == 1
    name = decided.normalization.name if decided.normalization else "none"
    assert name == trial.chosen and decided.source == "clean accuracy"
    if expected in ("none", "half"):
        assert name == expected and choice.warnings == ()
    assert name == expected or trial.accuracies[name] == 1, "another is taken only where it is as good"
    assert set(trial.accuracies) == set(normalization_candidates(3))
    said = describe_trial("dense", "normalisation", trial)
    assert f"normalisation {name}, by clean accuracy" in said and "%" in said and "--normalize" in said


def test_among_tied_candidates_the_usual_one_for_the_data_set_wins_with_a_warning(model: LoadedModel) -> None:
    _, samples = made(model, "none")
    collapsed = replace(model, network=Constant(), normalization=None, source="undecided")
    choice = choose([collapsed], samples, "cifar10", "cifar10-2023")
    assert chosen(choice) == ["cifar10"]
    (warning,) = choice.warnings
    assert "7 candidates cannot be told apart by clean accuracy on 200 images" in warning and "none 20.0 %" in warning
    assert "cifar10 is taken, the usual one for this data set" in warning and "--normalize" in warning
    assert chosen(choose([collapsed], samples)) == ["none"], "all candidates are equal: the first one"


def test_among_tied_candidates_the_one_that_a_file_names_is_taken_for_the_other_models(
    model: LoadedModel, cifar10: Samples
) -> None:
    own = Normalization("its own", (0.48, 0.47, 0.44), (0.25, 0.25, 0.25))
    stated = replace(model, normalization=own)
    choice = choose([stated, bare("pruned")], cifar10, "cifar10")
    assert chosen(choice) == ["its own", "its own"] and choice.trials[0] is None
    assert "which the file of dense names" in choice.warnings[0] and len(choice.warnings) == 1


def test_the_constants_of_a_method_are_for_ties_alone(model: LoadedModel) -> None:
    _, samples = made(model, "none")
    mad = replace(model.checkpoint, folded=("61 tensors × softplus of their masks (MAD: mask_weight, mask_bias)",))
    collapsed = replace(model, network=Constant(), normalization=None, source="undecided", checkpoint=mad)
    choice = choose([collapsed], samples, "cifar10", "cifar10-2023")
    assert chosen(choice) == ["cifar10-2023"] and "which the code of MAD uses" in choice.warnings[0]
    needs_half, samples = made(replace(model, checkpoint=mad), "half")
    assert chosen(choose([needs_half], samples, "cifar10")) == ["half"]


def test_all_models_get_the_same(cifar10: Samples) -> None:
    """On its own, the 95 % pruned model would get ImageNet's by chance."""
    choice = choose([bare("dense"), bare("pruned"), bare("control")], cifar10)
    assert chosen(choice) == ["cifar10"] * 3
    trials = [trial for trial in choice.trials if trial is not None]
    assert trials[1].accuracies["imagenet"] > trials[1].accuracies["cifar10"]
    assert {trial.images for trial in trials} == {1000} and len(choice.warnings) == 1


def test_a_model_that_clearly_needs_another_one_gets_it_with_a_warning(model: LoadedModel) -> None:
    needs_half, samples = made(model, "half")
    needs_none, _ = made(model, "none")
    choice = choose([needs_half, needs_half, needs_none], samples)
    assert chosen(choice) == ["half", "half", "none"]
    assert any("different normalisations: dense half" in warning and "control none" in warning
               for warning in choice.warnings)  # fmt: skip
    assert choice.trials[2] is not None and "clearly more accurate for this model than half" in choice.trials[2].why


def test_files_with_different_normalisations_are_warned_of(model: LoadedModel) -> None:
    _, samples = made(model, "none")
    renamed = replace(model, normalization=Normalization("file", (0.49140001, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)))
    assert choose([model, renamed], samples).warnings == (), "the same numbers under another name"
    other = replace(model, normalization=KNOWN["cifar10-2023"], source="the file's buffers")
    (warning,) = choose([model, other], samples).warnings
    assert "dense cifar10 (the file's metadata), pruned cifar10-2023 (the file's buffers)" in warning
    inside = replace(model, normalization=None, source="inside the network")
    assert choose([model, inside], samples).warnings == (), "what is inside is not known"


def test_a_normalisation_that_a_file_names_is_not_tried(model: LoadedModel) -> None:
    _, samples = made(model, "none")
    assert choose([model], samples) == NormalizationChoice((model,), (None,), ())
    assert model.source == "the file's metadata"


def test_a_model_that_fails_on_the_images_stays_undecided(model: LoadedModel) -> None:
    undecided, samples = made(model, "none")
    refusing = replace(undecided, network=nn.Linear(7, 2))
    assert choose([refusing], samples) == NormalizationChoice((refusing,), (None,), ())


@pytest.mark.parametrize("order", ["as it is", "by class"])
def test_the_sample_models_get_their_normalisation_without_their_metadata(cifar10: Samples, order: str) -> None:
    """Real weights and images; the order of the data does not matter."""
    rows = np.argsort(cifar10.labels, kind="stable") if order == "by class" else np.arange(1000)
    (trial,) = choose([bare("dense")], cifar10.take(rows, order)).trials
    assert trial is not None and trial.chosen == "cifar10" and trial.images == 1000
    assert trial.accuracies["cifar10"] == 0.747 and trial.seen["cifar10"] == 1000
    assert trial.accuracies["none"] < 0.25 and trial.seen["none"] == 64, "dropped early"


def test_data_sorted_by_class_does_not_favour_a_network_that_predicts_the_first_class(model: LoadedModel) -> None:
    """Behind `none` it always predicts 0, the class of the first 256 images; behind `half` it is right on 3 of 5."""
    undecided, samples = made(model, "half", 2000)
    sorted_by_class = samples.take(np.argsort(samples.labels, kind="stable"), "sorted")
    assert (sorted_by_class.labels[:256] == 0).all()

    class Collapsing(Bins):
        def forward(self, x: Tensor) -> Tensor:
            raw = (x >= 0).flatten(1).all(dim=1, keepdim=True)
            return torch.where(raw, torch.tensor([[9.0, 0, 0, 0, 0]]), super().forward(x))

    edges = undecided.network.get_buffer("edges").tolist()
    choice = choose([replace(undecided, network=Collapsing(edges))], sorted_by_class)
    assert chosen(choice) == ["half"] and choice.trials[0] is not None
    accuracies = choice.trials[0].accuracies
    assert 0.1 < accuracies["none"] < 0.3 and 0.5 < accuracies["half"] < 0.7


class Marked(nn.Module):
    """Right on images whose first channel is at least 0.5 behind `none`, 0.35 behind `half`; the last channel is grey.

    The second channel holds the label, which is unreadable behind any other normalisation.
    """

    def forward(self, x: Tensor) -> Tensor:
        hard, written, grey = (x[:, channel, 0, 0] for channel in range(3))
        half = bool((grey.abs() < 1e-3).all())
        hard, written = ((hard + 1) / 2, (written + 1) / 2) if half else (hard, written)
        readable = half or bool(((grey - 0.5).abs() < 1e-3).all())
        label = (written * 10).round().long()
        right = (hard >= (0.35 if half else 0.5)) & readable
        return nn.functional.one_hot((label + ~right) % 5, 5).float()


def test_the_most_accurate_of_tied_candidates_is_taken(model: LoadedModel) -> None:
    """65 % against 50 % on 20 images is no significant difference; the better one is taken."""
    labels = np.arange(20) % 5
    images = np.full((20, 3, 2, 2), 0.5, dtype=np.float32)
    images[:, 0], images[:, 1] = (np.arange(20) / 20)[:, None, None] + 0.001, (labels / 10)[:, None, None]
    marked = replace(model, network=Marked(), normalization=None, source="undecided")
    choice = choose([marked], Samples(images, labels, np.arange(20), (), "made"))
    (trial,) = choice.trials
    assert trial is not None and (trial.accuracies["none"], trial.accuracies["half"]) == (0.5, 0.65)
    assert chosen(choice) == ["half"] and "none 50.0 %" in choice.warnings[0]
