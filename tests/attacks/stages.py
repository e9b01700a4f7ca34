"""Stages of every attack, and one stage on one batch of the sample model."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from tests.attacks.injected_noise import Own, runs_of
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.registry import attack_batch
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.protocol.threat_model import Norm

STRONG = [
    Stage("APGD-CE", "apgd-ce", 50),
    Stage("APGD-DLR", "apgd-dlr", 50),
    Stage("APGD-margin", "apgd-margin", 50),
    Stage("APGD-T", "apgd-t", 50, targets=4),
    Stage("PMA", "pma", 50),
    Stage("Margin-T", "margin-t", 50, targets=4),
    Stage("FAB", "fab", 30),
    Stage("FAB-T", "fab-t", 30, targets=4),
]
EPS: dict[Norm, float] = {"Linf": 8 / 255, "L2": 0.5, "L1": 12.0}
OTHERS = [Stage("PGD-20", "pgd", 20), Stage("Square", "square", 300)]


def few(batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Six images of the batch, where each is attacked alone."""
    images, labels = batch
    return images[:6], labels[:6]


def noise_of(stage: Stage, count: int) -> Noise:
    """The noise of `count` samples, with seed 7."""
    return Noise(7, stage.name, np.arange(count))


def ours(stage: Stage, model: Classifier, batch: tuple[Tensor, Tensor], norm: Norm, eps: float) -> Tensor:
    """The candidates of one stage, with seed 7."""
    noise = noise_of(stage, len(batch[0]))
    return attack_batch(stage, CountingModel(model, torch.device("cpu")), *batch, norm, eps, noise)


def broken(model: Classifier, images: Tensor, labels: Tensor) -> Tensor:
    """Bool [n]: misclassified."""
    with torch.no_grad():
        wrong: Tensor = model(images).argmax(1) != labels
    return wrong


def own_of(stage: Stage, first: int = 0) -> Callable[[int], Own]:
    """By row: the noise of that sample's restarts in the stage, from the restart `first` on."""
    return lambda row: runs_of(replace(noise_of(stage, 1), indices=np.array([row])), first)


def check_verdicts(
    stage: Stage, expected: Tensor, model: Classifier, batch: tuple[Tensor, Tensor], eps: float = 8 / 255
) -> None:
    """Under Linf the stage breaks within eps exactly what the images `expected` of another implementation break."""
    images, labels = batch
    found = ours(stage, model, batch, "Linf", eps)
    fell = broken(model, expected, labels)
    assert fell.any() and not fell.all()
    inside = (found - images).abs().flatten(1).amax(dim=1) <= eps + 1e-6
    assert torch.equal(broken(model, found, labels) & inside, fell)
