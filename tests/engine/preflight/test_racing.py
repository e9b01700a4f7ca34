"""Racing on networks whose accuracy and speed are known."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.places import SAMPLE_MODELS
from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight import racing
from thinice_tui.engine.preflight.racing import RaceResult, predictions_from, race_candidates
from thinice_tui.models.load import LoadedModel, load_model

CPU = torch.device("cpu")


class Network(nn.Module):
    """Predicts the class that `predict` returns for the labels, which the first pixel holds."""

    def __init__(self, predict: Callable[[Tensor], Tensor], seen: Callable[[int], None] = lambda _: None) -> None:
        super().__init__()
        self.predict, self.seen = predict, seen
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        self.seen(len(x))
        labels = (x[:, 0, 0, 0] * 10).round().long()
        return nn.functional.one_hot(self.predict(labels), 10).float() * self.scale


def samples(n: int) -> Samples:
    labels = np.arange(n) % 10
    images = np.zeros((n, 3, 2, 2), dtype=np.float32)
    images[:, 0, 0, 0] = labels / 10
    return Samples(images, labels.astype(np.int64), np.arange(n), (), "made")


@pytest.fixture
def model() -> LoadedModel:
    return replace(load_model(SAMPLE_MODELS / "dense.pt"), normalization=None)


def right(labels: Tensor) -> Tensor:
    return labels


def half_right(labels: Tensor) -> Tensor:
    return torch.where(labels < 5, labels, 0)


def wrong(labels: Tensor) -> Tensor:
    return (labels + 1) % 10


def race(model: LoadedModel, n: int = 300, keep: str = "") -> RaceResult | None:
    forms = {"right": right, "half": half_right, "wrong": wrong}
    candidates = {name: [replace(model, network=Network(predict))] for name, predict in forms.items()}
    return race_candidates(candidates, StratifiedSample(samples(n)), CPU, keep=keep)


def test_the_significantly_worse_are_dropped_early(model: LoadedModel) -> None:
    result = race(model)
    assert result is not None and result.best == "right" and result.tied() == ["right"]
    assert set(result.correct) == {"right"} and result.images == 300
    assert result.seen == {"right": 300, "half": 64, "wrong": 64}
    assert result.accuracies["right"] == 1 and result.accuracies["wrong"] == 0


def test_a_candidate_to_keep_sees_all_images(model: LoadedModel) -> None:
    result = race(model, keep="wrong")
    assert result is not None and result.seen == {"right": 300, "half": 64, "wrong": 300}
    assert not result.correct["wrong"].any()


def test_a_candidate_that_is_better_for_one_of_several_models_stays(model: LoadedModel) -> None:
    def networks(*predictions: Callable[[Tensor], Tensor]) -> list[LoadedModel]:
        return [replace(model, network=Network(predict)) for predict in predictions]

    candidates = {"a": networks(right, right, wrong), "b": networks(wrong, wrong, right), "c": networks(*[wrong] * 3)}
    result = race_candidates(candidates, StratifiedSample(samples(300)), CPU)
    assert result is not None and set(result.correct) == {"a", "b"} and result.tied() == ["a"]
    assert result.correct["a"].shape == (3, 300)


def test_candidates_that_fail_on_the_images_are_dropped(model: LoadedModel) -> None:
    failing = replace(model, network=nn.Linear(7, 2))
    assert predictions_from(failing, samples(20), 0, CPU) is None
    assert race_candidates({"failing": [failing]}, StratifiedSample(samples(20)), CPU) is None
    both = {"failing": [failing], "right": [replace(model, network=Network(right))]}
    result = race_candidates(both, StratifiedSample(samples(20)), CPU)
    assert result is not None and set(result.accuracies) == {"right"}


class Clock:
    """Time that only the network moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.mark.parametrize(("cost", "images"), [(0.001, 1000), (0.05, 64), (0.1, 32), (1.0, 8)])
def test_a_slow_model_is_raced_on_fewer_images(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch, cost: float, images: int
) -> None:
    """`cost` seconds an image, for each of seven equal candidates."""
    clock = Clock()

    def wait(count: int) -> None:
        clock.now += cost * count

    monkeypatch.setattr(racing, "time", clock)
    candidates = {str(number): [replace(model, network=Network(right, wait))] for number in range(7)}
    result = race_candidates(candidates, StratifiedSample(samples(2000)), CPU)
    assert result is not None and result.images == images and len(result.tied()) == 7
    assert clock.now <= max(racing.SECONDS, racing.PILOT * 7 * cost)
