"""FAB against torchattacks, on a real model."""

from collections.abc import Callable

import pyautoattack.fab_pt
import pytest
import torch
import torchattacks
from torch import Tensor
from torchattacks.attack import Attack

from tests.attacks.injected_noise import alone
from tests.attacks.stages import broken, check_verdicts, few, ours, own_of
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.ensembles import Stage


@pytest.mark.parametrize(
    ("stage", "theirs"),
    [
        (
            Stage("FAB-T", "fab-t", 20, targets=9),
            lambda m: torchattacks.FAB(m, steps=20, seed=7, multi_targeted=True, n_classes=10),
        ),
        (Stage("FAB", "fab", 20, 2), lambda m: torchattacks.FAB(m, steps=20, seed=7, n_restarts=2)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_verdicts_are_torchattacks(
    stage: Stage, theirs: Callable[[Classifier], Attack], model: Classifier, batch: tuple[Tensor, Tensor]
) -> None:
    batch = few(batch)
    restarts = own_of(stage, first=1)  # the first run begins at the clean image
    check_verdicts(stage, alone(theirs(model), batch, restarts), model, batch)


@pytest.mark.parametrize(
    "stage", [Stage("FAB-T", "fab-t", 20, targets=4), Stage("FAB", "fab", 20, 2)], ids=lambda stage: stage.name
)
def test_what_fab_finds_under_l1_is_what_the_authors_find(
    stage: Stage, model: Classifier, batch: tuple[Tensor, Tensor]
) -> None:
    """torchattacks has no FAB under L1."""
    images, labels = batch = few(batch)
    attack = pyautoattack.fab_pt.FABAttack_PT(
        model,
        norm="L1",
        n_restarts=stage.restarts,
        n_iter=20,
        eps=12.0,
        seed=7,
        device="cpu",
        targeted=stage.targets > 0,
        n_target_classes=4,
    )
    expected, found = alone(attack.perturb, batch, own_of(stage, first=1)), ours(stage, model, batch, "L1", 12.0)
    fell = broken(model, expected, labels)
    assert fell.any() and not fell.all()
    inside = (found - images).abs().flatten(1).sum(dim=1) <= 12.0
    assert torch.equal(broken(model, found, labels) & inside, fell)
    assert torch.allclose(found[fell], expected[fell], atol=1e-3)


def test_under_l1_fab_stalls_on_the_boundary_where_its_way_ends_at_the_cubes_edge_as_the_authors_does() -> None:
    """A weakness of the method: a step overshoots by 5 %, which is clipped where all pixels that move reach 0 or 1."""
    layer = torch.nn.Linear(4, 2)
    layer.weight = torch.nn.Parameter(torch.tensor([[0.0, 0, 0, 0], [4, 2, 1, 0]]))
    images, labels = torch.full((2, 1, 2, 2), 0.5), torch.zeros(2, dtype=torch.int64)
    images[1, 0, 1, 0] = 0.75  # the second image's way ends within the second pixel
    layer.bias = torch.nn.Parameter(torch.tensor([0.0, -6.5]))  # the first image's way: two pixels from 0.5 to 1
    model = Classifier(torch.nn.Sequential(torch.nn.Flatten(), layer))
    theirs = pyautoattack.fab_pt.FABAttack_PT(model, norm="L1", n_iter=20, eps=2.0, seed=7, device="cpu")
    for found in (theirs.perturb(images, labels), ours(Stage("FAB", "fab", 20), model, (images, labels), "L1", 2.0)):
        assert broken(model, found, labels).tolist() == [False, True]
