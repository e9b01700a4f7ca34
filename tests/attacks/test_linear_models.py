"""Attacks against linear models, where the exact distance to the boundary is known."""

import numpy as np
import pytest
import torch

from tests.linear_models import make_task, module
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.registry import attack_batch
from thinice_tui.engine.worker.verify import verify
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.ensembles import Stage, build_ensemble
from thinice_tui.protocol.threat_model import NORMS, Norm

STRONG = [
    Stage("APGD-CE", "apgd-ce", 50),
    Stage("APGD-DLR", "apgd-dlr", 50),
    Stage("APGD-margin", "apgd-margin", 50),
    Stage("APGD-T", "apgd-t", 50, targets=4),
    Stage("FAB", "fab", 30),
    Stage("FAB-T", "fab-t", 30, targets=4),
]
OTHERS = [Stage("PGD-20", "pgd", 20), Stage("Square", "square", 300)]


def attack(stage: Stage, norm: Norm, n: int, quantile: float = 0.5) -> tuple[np.ndarray, np.ndarray, float]:
    """Exact distances, verified verdicts, and the eps at the given quantile of the distances."""
    task = make_task(3 * n + 24, seed=3)  # about two in five are on the right side at all
    distances = task.distances(norm)
    correct = np.flatnonzero(distances > 0)[:n]
    assert len(correct) == n
    distances = distances[correct]
    eps = float(np.quantile(distances, quantile)) * 1.0001
    images, labels = torch.from_numpy(task.images[correct]), torch.from_numpy(task.labels[correct])
    model = Classifier(module(task.weight))
    counting = CountingModel(model, torch.device("cpu"))
    candidates = attack_batch(stage, counting, images, labels, norm, eps, seed=0)
    return distances, verify(model, images, labels, candidates, norm, eps).broken.numpy(), eps


@pytest.mark.parametrize("n", [1, 2, 33])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("stage", STRONG, ids=lambda stage: stage.name)
def test_a_strong_stage_breaks_exactly_what_is_within_eps(stage: Stage, norm: Norm, n: int) -> None:
    distances, broken, eps = attack(stage, norm, n)
    assert not broken[distances > eps].any(), "no attack can cross a boundary that is further than eps"
    assert broken[distances < 0.98 * eps].all()


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("stage", OTHERS, ids=lambda stage: stage.name)
def test_a_weak_stage_breaks_some_and_never_too_much(stage: Stage, norm: Norm) -> None:
    distances, broken, eps = attack(stage, norm, 33, quantile=0.7)
    assert not broken[distances > eps].any()
    assert broken[distances < 0.5 * eps].mean() > 0.6


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("norm", NORMS)
def test_every_stage_of_standard_and_plus_works_with_few_classes(classes: int, norm: Norm) -> None:
    task = make_task(12, classes=classes)
    distances = task.distances(norm)
    correct = distances > 0
    eps = float(np.median(distances[correct])) * 1.0001
    model = Classifier(module(task.weight))
    images, labels = torch.from_numpy(task.images[correct]), torch.from_numpy(task.labels[correct])
    for stage in {*build_ensemble("standard", classes), *build_ensemble("plus", classes)}:
        short = Stage(stage.name, stage.kind, min(stage.steps, 40), 1, stage.targets)
        counting = CountingModel(model, torch.device("cpu"))
        candidates = attack_batch(short, counting, images, labels, norm, eps, seed=0)
        broken = verify(model, images, labels, candidates, norm, eps).broken.numpy()
        assert not broken[distances[correct] > eps].any(), stage
        if stage.kind not in ("pgd", "square"):
            assert broken[distances[correct] < 0.95 * eps].all(), stage
