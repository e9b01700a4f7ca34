"""Which normalisation a model expects, found by its clean accuracy; on networks that say it by construction."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.places import SAMPLE_MODELS
from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight import race as racing
from thinice_tui.engine.preflight.normalization import Decision, decide_normalizations, describe_trial, own_constants
from thinice_tui.models.classifier import Normalization
from thinice_tui.models.load import LoadedModel, load_model
from thinice_tui.models.normalization import KNOWN, candidates, same_normalization, told_apart

CPU = torch.device("cpu")
SAMPLE = SAMPLE_MODELS


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


class Constant(nn.Module):
    """Class 0 for every image."""

    def forward(self, x: Tensor) -> Tensor:
        return 0 * x.flatten(1)[:, :5] + torch.arange(5, 0, -1)


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


def decide(models: Sequence[LoadedModel], samples: Samples, *own: str) -> Decision:
    return decide_normalizations(
        models, ["dense", "pruned", "control"][: len(models)], StratifiedSample(samples), own, CPU
    )


def chosen(decision: Decision) -> list[str]:
    return [model.normalization.name if model.normalization else "none" for model in decision.models]


@pytest.fixture
def model() -> LoadedModel:
    return load_model(SAMPLE / "dense.pt")


@pytest.fixture
def cifar10() -> Samples:
    with np.load(SAMPLE / "cifar10-test-1000.npz") as data:
        images, labels = data["images"].transpose(0, 3, 1, 2), data["labels"].astype(np.int64)
    return Samples(images, labels, np.arange(1000), (), "CIFAR-10")


def bare(name: str) -> LoadedModel:
    """A sample model without what its file says."""
    return replace(load_model(SAMPLE / f"{name}.pt"), normalization=None, source="undecided")


@pytest.mark.parametrize("expected", ["none", "cifar10", "cifar10-2023", "imagenet", "svhn", "half"])
def test_the_normalisation_that_a_model_needs_is_found(model: LoadedModel, expected: str) -> None:
    undecided, samples = made(model, expected)
    decision = decide([undecided], samples)
    (decided,), (trial,) = decision.models, decision.trials
    assert trial is not None and trial.accuracies[expected] == 1
    name = decided.normalization.name if decided.normalization else "none"
    assert name == trial.chosen and decided.source == "clean accuracy"
    if expected in ("none", "half"):
        assert name == expected and decision.warnings == ()
    assert name == expected or trial.accuracies[name] == 1, "another is taken only where it is as good"
    assert set(trial.accuracies) == set(candidates(3))
    said = describe_trial("dense", trial)
    assert f"normalisation {name}, by clean accuracy" in said and "%" in said and "--normalize" in said


def test_what_noise_does_not_tell_apart_is_said_and_the_data_sets_own_wins(model: LoadedModel) -> None:
    _, samples = made(model, "none")
    collapsed = replace(model, network=Constant(), normalization=None, source="undecided")
    decision = decide([collapsed], samples, "cifar10", "cifar10-2023")
    assert chosen(decision) == ["cifar10"]
    (warning,) = decision.warnings
    assert "7 cannot be told apart by clean accuracy on 200 images" in warning and "none 20.0 %" in warning
    assert "cifar10 is taken, the data set's own" in warning and "--normalize" in warning
    assert chosen(decide([collapsed], samples)) == ["none"], "all are equal: the first"


def test_what_a_file_says_is_taken_for_the_others_where_noise_does_not_tell(
    model: LoadedModel, cifar10: Samples
) -> None:
    own = Normalization("its own", (0.48, 0.47, 0.44), (0.25, 0.25, 0.25))
    stated = replace(model, normalization=own)
    decision = decide([stated, bare("pruned")], cifar10, "cifar10")
    assert chosen(decision) == ["its own", "its own"] and decision.trials[0] is None
    assert "as dense says it" in decision.warnings[0] and len(decision.warnings) == 1


def test_all_models_get_the_same(cifar10: Samples) -> None:
    """Each by itself, some would get another by chance: the 95 % pruned one does best with ImageNet's."""
    decision = decide([bare("dense"), bare("pruned"), bare("control")], cifar10)
    assert chosen(decision) == ["cifar10"] * 3
    trials = [trial for trial in decision.trials if trial is not None]
    assert trials[1].accuracies["imagenet"] > trials[1].accuracies["cifar10"]
    assert {trial.images for trial in trials} == {1000} and len(decision.warnings) == 1


def test_one_that_surely_needs_another_gets_it_and_the_difference_is_said(model: LoadedModel) -> None:
    needs_half, samples = made(model, "half")
    needs_none, _ = made(model, "none")
    decision = decide([needs_half, needs_half, needs_none], samples)
    assert chosen(decision) == ["half", "half", "none"]
    assert any("different normalisations: dense half" in warning and "control none" in warning
               for warning in decision.warnings)  # fmt: skip
    assert decision.trials[2] is not None and "surely better for this model than half" in decision.trials[2].why


def test_files_that_say_different_ones_are_warned_of(model: LoadedModel) -> None:
    _, samples = made(model, "none")
    renamed = replace(model, normalization=Normalization("file", (0.49140001, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)))
    assert decide([model, renamed], samples).warnings == (), "the same numbers under another name"
    other = replace(model, normalization=KNOWN["cifar10-2023"], source="the file's buffers")
    (warning,) = decide([model, other], samples).warnings
    assert "dense cifar10 (the file's metadata), pruned cifar10-2023 (the file's buffers)" in warning
    inside = replace(model, normalization=None, source="inside the network")
    assert decide([model, inside], samples).warnings == (), "what is inside is not known"


def test_what_a_file_says_is_not_tried(model: LoadedModel) -> None:
    _, samples = made(model, "none")
    assert decide([model], samples) == Decision((model,), (None,), ())
    assert model.source == "the file's metadata"


def test_a_model_that_takes_no_such_images_is_left_to_the_checks(model: LoadedModel) -> None:
    undecided, samples = made(model, "none")
    refusing = replace(undecided, network=nn.Linear(7, 2))
    assert decide([refusing], samples) == Decision((refusing,), (None,), ())


@pytest.mark.parametrize("order", ["as it is", "by class"])
def test_the_sample_models_without_their_metadata_find_it_again(cifar10: Samples, order: str) -> None:
    """Real weights, real images: on a thousand spread over the data, whether or not it is sorted by class."""
    rows = np.argsort(cifar10.labels, kind="stable") if order == "by class" else np.arange(1000)
    (trial,) = decide([bare("dense")], cifar10.take(rows, order)).trials
    assert trial is not None and trial.chosen == "cifar10" and trial.images == 1000
    assert trial.accuracies["cifar10"] == 0.747 and trial.seen["cifar10"] == 1000
    assert trial.accuracies["none"] < 0.25 and trial.seen["none"] == 64, "given up early"


def test_a_network_that_collapses_to_the_first_class_is_not_fooled_by_data_sorted_by_class(model: LoadedModel) -> None:
    """Behind `none` it always says 0: all of the first 256 images. Behind `half` it is right on three of five."""
    undecided, samples = made(model, "half", 2000)
    sorted_by_class = samples.take(np.argsort(samples.labels, kind="stable"), "sorted")
    assert (sorted_by_class.labels[:256] == 0).all()

    class Collapsing(Bins):
        def forward(self, x: Tensor) -> Tensor:
            raw = (x >= 0).flatten(1).all(dim=1, keepdim=True)
            return torch.where(raw, torch.tensor([[9.0, 0, 0, 0, 0]]), super().forward(x))

    edges = undecided.network.get_buffer("edges").tolist()
    decision = decide([replace(undecided, network=Collapsing(edges))], sorted_by_class)
    assert chosen(decision) == ["half"] and decision.trials[0] is not None
    accuracies = decision.trials[0].accuracies
    assert 0.1 < accuracies["none"] < 0.3 and 0.5 < accuracies["half"] < 0.7


class Clock:
    """Time that passes by `cost` seconds an image."""

    def __init__(self, cost: float) -> None:
        self.now, self.cost = 0.0, cost

    def perf_counter(self) -> float:
        return self.now


@pytest.mark.parametrize(("cost", "images"), [(0.001, 1000), (0.05, 64), (0.1, 32), (1.0, 8)])
def test_a_slow_model_is_raced_on_fewer_images(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch, cost: float, images: int
) -> None:
    undecided, samples = made(model, "none", 2000)
    clock = Clock(cost)

    class Slow(Constant):
        def forward(self, x: Tensor) -> Tensor:
            clock.now += cost * len(x)
            return super().forward(x)

    monkeypatch.setattr(racing, "time", clock)
    decision = decide([replace(undecided, network=Slow())], samples, "imagenet")
    assert f"on {images} images spread over the data" in decision.warnings[0]
    assert chosen(decision) == ["imagenet"]
    assert clock.now <= max(racing.SECONDS, racing.PILOT * 7 * cost)


def test_two_are_told_apart_by_the_images_that_only_one_gets_right() -> None:
    right = np.ones(100, dtype=np.bool_)
    slightly, clearly = right.copy(), right.copy()
    slightly[:3], clearly[:10] = False, False
    assert not told_apart(right, slightly) and told_apart(right, clearly) and not told_apart(clearly, right)
    assert not told_apart(right, clearly, 4.0)
    twice = np.stack([right, right]), np.stack([slightly, slightly])
    assert not told_apart(*twice), "a second model that agrees adds nothing"


class Marked(nn.Module):
    """Right on images whose first channel is at least 0.5 behind `none`, 0.35 behind `half`; the last channel is grey.

    The second channel says the label: behind another normalisation it cannot be read.
    """

    def forward(self, x: Tensor) -> Tensor:
        hard, written, grey = (x[:, channel, 0, 0] for channel in range(3))
        half = bool((grey.abs() < 1e-3).all())
        hard, written = ((hard + 1) / 2, (written + 1) / 2) if half else (hard, written)
        readable = half or bool(((grey - 0.5).abs() < 1e-3).all())
        label = (written * 10).round().long()
        right = (hard >= (0.35 if half else 0.5)) & readable
        return nn.functional.one_hot((label + ~right) % 5, 5).float()


def test_none_is_not_taken_where_another_is_more_accurate(model: LoadedModel) -> None:
    """20 images, 65 % against 50 %: too few to tell, and no reason to take the worse one."""
    labels = np.arange(20) % 5
    images = np.full((20, 3, 2, 2), 0.5, dtype=np.float32)
    images[:, 0], images[:, 1] = (np.arange(20) / 20)[:, None, None] + 0.001, (labels / 10)[:, None, None]
    marked = replace(model, network=Marked(), normalization=None, source="undecided")
    decision = decide([marked], Samples(images, labels, np.arange(20), (), "made"))
    (trial,) = decision.trials
    assert trial is not None and (trial.accuracies["none"], trial.accuracies["half"]) == (0.5, 0.65)
    assert chosen(decision) == ["half"] and "none 50.0 %" in decision.warnings[0]


@pytest.mark.parametrize(
    ("spec", "side", "names", "own"),
    [
        ("cifar10:data", 32, (), ("cifar10", "cifar10-2023")),
        ("cifar10-c:data/fog@3", 32, (), ("cifar10", "cifar10-2023")),
        ("svhn:data", 32, (), ("svhn",)),
        ("folder:data", 224, ("cat", "dog"), ("imagenet",)),
        ("folder:data", 32, ("n01440764", "n01443537"), ("imagenet",)),
        ("folder:data", 32, ("cat", "dog"), ()),
        ("data.npz", 224, (), ()),
    ],
)
def test_the_data_sets_own_constants(spec: str, side: int, names: tuple[str, ...], own: tuple[str, ...]) -> None:
    samples = Samples(np.zeros((4, 3, side, side), dtype=np.uint8), np.arange(4), np.arange(4), names, spec)
    assert own_constants(spec, StratifiedSample(samples)) == own
    assert all(name in KNOWN for name in own)


def test_the_same_constants_are_the_same() -> None:
    half = Normalization("wide", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert same_normalization(half, KNOWN["half"]) and not same_normalization(half, None)
    assert same_normalization(None, None) and not same_normalization(KNOWN["cifar10"], KNOWN["cifar10-2023"])
