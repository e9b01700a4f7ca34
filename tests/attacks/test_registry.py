"""Every attack of the registry, against linear models, whose exact distance to the boundary is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torchattacks

from tests.attacks.stages import OTHERS, STRONG
from tests.linear_models import make_task, module
from tests.places import ROOT
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.registry import FUNCTIONS, attack_batch
from thinice_tui.engine.worker.verify import verify
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.attacks import ATTACKS
from thinice_tui.protocol.ensembles import Stage, build_ensemble, under_norm
from thinice_tui.protocol.threat_model import NORMS, Norm


def test_every_row_has_a_function_and_every_function_a_row() -> None:
    assert set(FUNCTIONS) == set(ATTACKS)


def attack(
    stage: Stage, norm: Norm, n: int, quantile: float = 0.5, ties: bool = True
) -> tuple[np.ndarray, np.ndarray, float]:
    """Exact distances, verified verdicts, and the eps at the given quantile of the distances.

    ties: whether all weights are as large as each other.
    """
    task = make_task(3 * n + 24, seed=3)  # about two in five are on the right side at all
    if not ties:
        sizes = np.random.default_rng(0).uniform(0.5, 1.5, task.weight.shape)
        task = replace(task, weight=(task.weight * sizes).astype(np.float32))
    distances = task.distances(norm)
    correct = np.flatnonzero(distances > 0)[:n]
    assert len(correct) == n
    distances = distances[correct]
    eps = float(np.quantile(distances, quantile)) * 1.0001
    images, labels = torch.from_numpy(task.images[correct]), torch.from_numpy(task.labels[correct])
    model = Classifier(module(task.weight))
    counting = CountingModel(model, torch.device("cpu"))
    noise = Noise(0, stage.name, correct)
    candidates = attack_batch(under_norm(stage, norm), counting, images, labels, norm, eps, noise)
    return distances, verify(model, images, labels, candidates, norm, eps).broken.numpy(), eps


@pytest.mark.parametrize("n", [1, 2, 33])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("stage", STRONG, ids=lambda stage: stage.name)
def test_a_strong_stage_breaks_exactly_what_is_within_eps(stage: Stage, norm: Norm, n: int) -> None:
    """FAB under L1 moves a few pixels to 0 or 1, and only the last one overshoots the boundary. With equal weights the
    way may end just where that one is at 0 or 1, too, and FAB stays on the boundary (see test_fab.py). Else the share
    by which the last one overshoots is up to a twelfth of the distance here."""
    fab_under_l1 = norm == "L1" and stage.kind in ("fab", "fab-t")
    distances, broken, eps = attack(stage, norm, n, ties=not fab_under_l1)
    assert not broken[distances > eps].any(), "no attack can cross a boundary that is further than eps"
    assert broken[distances < (0.92 if fab_under_l1 else 0.98) * eps].all()


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("stage", OTHERS, ids=lambda stage: stage.name)
def test_a_weak_stage_breaks_some_and_never_too_much(stage: Stage, norm: Norm) -> None:
    distances, broken, eps = attack(stage, norm, 33, quantile=0.7)
    assert not broken[distances > eps].any()
    assert broken[distances < 0.5 * eps].mean() > 0.6


def stages_of(classes: int, norm: Norm) -> set[Stage]:
    """Those of every strong ensemble; without gradients towards each of a thousand classes, which take minutes."""
    stages = {stage for name in ("standard", "plus", "fast") for stage in build_ensemble(name, classes, norm=norm)}
    return {stage for stage in stages if stage.kind != "fab" or classes <= 10}


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
@pytest.mark.parametrize("norm", NORMS)
def test_every_stage_of_the_strong_ensembles_works_with_few_and_many_classes(classes: int, norm: Norm) -> None:
    """The rivals are about as near as each other. Under L1 untargeted APGD wavers between them: it stops up to a fifth
    short of the boundary, and with the DLR loss, whose scale is their difference, further."""
    task = make_task(12, classes=classes)
    model, images = Classifier(module(task.weight)), torch.from_numpy(task.images)
    labels = model(images).argmax(1)
    distances = replace(task, labels=labels.numpy()).distances(norm)
    eps = float(np.median(distances)) * 1.0001
    for stage in stages_of(classes, norm):
        short = replace(stage, steps=min(stage.steps, 40), restarts=1)
        counting = CountingModel(model, torch.device("cpu"))
        noise = Noise(0, stage.name, np.arange(len(images)))
        candidates = attack_batch(short, counting, images, labels, norm, eps, noise)
        broken = verify(model, images, labels, candidates, norm, eps).broken.numpy()
        assert not broken[distances > eps].any(), stage
        if stage.kind not in ("pgd", "square") and (stage.kind, norm) != ("apgd-dlr", "L1"):
            assert broken[distances < (0.8 if norm == "L1" else 0.95) * eps].all(), stage


@pytest.mark.parametrize("stage", [*STRONG, *OTHERS], ids=lambda stage: stage.name)
def test_global_random_generators_are_left_as_they_were(stage: Stage) -> None:
    short = Stage(stage.name, stage.kind, 3, 1, stage.targets)
    model, task = Classifier(module(make_task(4).weight)), make_task(4)
    images = torch.from_numpy(task.images)
    labels = model(images).argmax(1)
    torch.manual_seed(11)
    np.random.seed(11)
    expected = torch.rand(3), np.random.rand(3)
    torch.manual_seed(11)
    np.random.seed(11)
    noise = Noise(5, stage.name, np.arange(4))
    first = attack_batch(short, CountingModel(model, torch.device("cpu")), images, labels, "Linf", 8 / 255, noise)
    assert torch.equal(torch.rand(3), expected[0])
    assert np.array_equal(np.random.rand(3), expected[1])
    again = attack_batch(short, CountingModel(model, torch.device("cpu")), images, labels, "Linf", 8 / 255, noise)
    assert torch.equal(first, again), "the same seed gives the same candidates"


def test_torchattacks_autoattack_is_never_used() -> None:
    assert torchattacks.AutoAttack is not None
    sources = ROOT / "thinice_tui"
    for path in sources.rglob("*.py"):
        text = path.read_text()
        assert "AutoAttack(" not in text and "MultiAttack(" not in text, path
