"""Our forms of APGD, FAB and Square against code that we did not write, on a real model."""

from collections.abc import Callable

import numpy as np
import pyautoattack.autopgd_base
import pyautoattack.square
import pytest
import torch
import torchattacks
from torch import Tensor
from torchattacks.attack import Attack
from torchattacks.attacks import fab as their_fab

from tests.places import SAMPLE_MODELS
from thinice_tui.attacks.apgd import ascend
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.norms import norm_of
from thinice_tui.attacks.registry import attack_batch
from thinice_tui.models.classifier import Classifier
from thinice_tui.models.load import load_model
from thinice_tui.protocol.attacks import Loss
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.protocol.threat_model import NORMS, Norm


@pytest.fixture(scope="module")
def model() -> Classifier:
    return load_model(SAMPLE_MODELS / "dense.pt").classifier()


@pytest.fixture(scope="module")
def batch(model: Classifier) -> tuple[Tensor, Tensor]:
    """Sixteen test images that the dense sample model gets right."""
    with np.load(SAMPLE_MODELS / "cifar10-test-1000.npz") as data:
        images = torch.from_numpy(data["images"][:40]).permute(0, 3, 1, 2).contiguous().float() / 255
        labels = torch.from_numpy(data["labels"][:40].astype(np.int64))
    with torch.no_grad():
        right = model(images).argmax(1) == labels
    return images[right][:16], labels[right][:16]


def ours(stage: Stage, model: Classifier, batch: tuple[Tensor, Tensor], norm: Norm, eps: float) -> Tensor:
    return attack_batch(stage, CountingModel(model, torch.device("cpu")), *batch, norm, eps, seed=7)


def broken(model: Classifier, images: Tensor, labels: Tensor) -> Tensor:
    with torch.no_grad():
        wrong: Tensor = model(images).argmax(1) != labels
    return wrong


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("loss", ["ce", "dlr"])
def test_the_iterates_of_apgd_are_torchattacks_bit_for_bit(
    loss: Loss, norm: Norm, model: Classifier, batch: tuple[Tensor, Tensor]
) -> None:
    """The best losses of one run, which depend on every iterate, every step size and every restart from the best."""
    images, labels = batch
    eps = 8 / 255 if norm == "Linf" else 0.5
    attack = torchattacks.APGD(model, norm=norm, eps=eps, steps=50, seed=7, loss=loss)
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(7)
        _, held, best, _ = attack.attack_single_run(images, labels)
        torch.manual_seed(7)
        ours = ascend(model, images, labels, norm_of(norm), torch.full((len(images), 1, 1, 1), eps), 50, loss)
    assert torch.equal(ours.losses.amax(dim=0), best)
    assert torch.equal(ours.margins > 0, held.bool()) and not held.all()


@pytest.mark.parametrize(
    ("stage", "theirs"),
    [
        (Stage("T", "apgd-t", 20, targets=3), lambda m: torchattacks.APGDT(m, steps=20, seed=7, n_classes=4)),
        (Stage("DLR", "apgd-dlr", 20, 3), lambda m: torchattacks.APGD(m, steps=20, seed=7, loss="dlr", n_restarts=3)),
        (
            Stage("FAB-T", "fab-t", 20, targets=9),
            lambda m: torchattacks.FAB(m, steps=20, seed=7, multi_targeted=True, n_classes=10),
        ),
        (Stage("FAB", "fab", 20, 2), lambda m: torchattacks.FAB(m, steps=20, seed=7, n_restarts=2)),
        (
            Stage("Square", "square", 400),
            lambda m: torchattacks.Square(m, n_queries=400, resc_schedule=False, seed=7),
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_verdicts_are_torchattacks(
    stage: Stage, theirs: Callable[[Classifier], Attack], model: Classifier, batch: tuple[Tensor, Tensor]
) -> None:
    images, labels = batch
    with torch.no_grad(), torch.random.fork_rng():
        expected = theirs(model)(images, labels)
    found = ours(stage, model, batch, "Linf", 8 / 255)
    fell = broken(model, expected, labels)
    assert fell.any() and not fell.all()
    inside = (found - images).abs().flatten(1).amax(dim=1) <= 8 / 255 + 1e-6
    assert torch.equal(broken(model, found, labels) & inside, fell)


@pytest.mark.parametrize("norm", NORMS)
def test_projections_are_the_authors(norm: Norm) -> None:
    """On hyperplanes from near to so far that no point of the cube is on them."""
    generator = torch.Generator().manual_seed(0)
    points, weights = torch.rand(200, 300, generator=generator), torch.randn(200, 300, generator=generator)
    points[:, :20], points[:, 20:40], weights[:, 40:60] = 0.0, 1.0, 0.0
    missing = torch.randn(200, generator=generator) * torch.logspace(-2, 3, 200)
    theirs = their_fab.projection_linf if norm == "Linf" else their_fab.projection_l2
    expected = theirs(points, weights, (weights * points).sum(dim=1) + missing)
    found = norm_of(norm).onto_hyperplane(points, weights, missing)
    missed = ((weights * found).sum(dim=1) - missing).abs() > 1e-3
    assert missed.any() and not missed.all()
    assert torch.allclose(found, expected, atol=2e-4)
    assert ((points + found >= -1e-6) & (points + found <= 1 + 1e-6)).all()


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(
    "stage",
    [
        Stage("APGD-T", "apgd-t", 20, targets=7),
        Stage("APGD-CE", "apgd-ce", 20, restarts=5),
        Stage("FAB-T", "fab-t", 20, targets=7),
        Stage("FAB", "fab", 10, restarts=4),
    ],
    ids=lambda stage: stage.name,
)
def test_several_targets_or_restarts_at_once_find_what_they_find_one_by_one(
    stage: Stage, norm: Norm, model: Classifier, batch: tuple[Tensor, Tensor]
) -> None:
    """Where nothing breaks, also the noise is the same; 16 images, so 2 or 3 runs at once, and 1 is left."""
    images, labels = batch
    eps = 0.5 / 255 if norm == "Linf" else 0.02
    models, found = [], []
    for batch_capacity in (1, 48):
        models.append(CountingModel(model, torch.device("cpu")))
        found.append(attack_batch(stage, models[-1], images, labels, norm, eps, seed=7, batch_capacity=batch_capacity))
    assert torch.allclose(found[0], found[1], atol=1e-5), (found[0] - found[1]).abs().flatten(1).amax(1)
    assert not torch.equal(found[0], images)
    assert models[0].forwards == models[1].forwards and models[0].backwards == models[1].backwards


@pytest.mark.parametrize("stage", [Stage("T", "apgd-t", 20, targets=9), Stage("FAB-T", "fab-t", 20, targets=9)])
def test_several_targets_at_once_break_as_many_in_fewer_passes(
    stage: Stage, model: Classifier, batch: tuple[Tensor, Tensor]
) -> None:
    images, labels = batch
    sizes: list[int] = []

    def watched(batch_capacity: int) -> Tensor:
        sizes.clear()
        counting = CountingModel(model, torch.device("cpu"))
        counting.register_forward_hook(lambda _module, inputs, _logits: sizes.append(len(inputs[0])))
        found = attack_batch(stage, counting, images, labels, "Linf", 8 / 255, seed=7, batch_capacity=batch_capacity)
        return broken(model, norm_of("Linf").project(images, found, 8 / 255), labels)

    expected, passes = watched(1), len(sizes)
    assert torch.equal(watched(40), expected) and expected.any() and not expected.all()
    assert max(sizes) <= 40 and len(sizes) < passes / 2


def test_where_apgd_fails_we_keep_a_worse_point_than_the_clean_one(
    model: Classifier, batch: tuple[Tensor, Tensor]
) -> None:
    images, labels = batch
    found = ours(Stage("APGD-CE", "apgd-ce", 20), model, batch, "Linf", 8 / 255)
    held = ~broken(model, found, labels)
    with torch.no_grad():
        own = model(images)[held, labels[held]] - model(found)[held, labels[held]]
    assert (own > 0).all()


def test_apgd_t_under_l2_uses_each_samples_own_step_size(model: Classifier, batch: tuple[Tensor, Tensor]) -> None:
    """torchattacks' APGDT takes the first sample's for all (apgdt.py:200); the authors' code does not."""
    images, labels = batch
    attack = pyautoattack.autopgd_base.APGDAttack_targeted(
        model, n_restarts=1, n_iter=50, eps=0.5, norm="L2", eot_iter=1, rho=0.75, seed=7, device="cpu", logger=None
    )
    attack.n_target_classes = 3
    with torch.random.fork_rng():
        expected = attack.perturb(images, labels)
        theirs = torchattacks.APGDT(model, norm="L2", eps=0.5, steps=50, seed=7, n_classes=4)
        with torch.no_grad():
            unpatched = theirs(images, labels)
    found = ours(Stage("APGD-T", "apgd-t", 50, targets=3), model, batch, "L2", 0.5)
    fell = broken(model, expected, labels)
    assert torch.equal(broken(model, found, labels), fell)
    assert not torch.allclose(unpatched[fell], expected[fell], atol=1e-5), "torchattacks has mended it"


def test_square_l2_is_the_authors(model: Classifier, batch: tuple[Tensor, Tensor]) -> None:
    """torchattacks' Square sums the windows' norms over channels (square.py:348); the authors' does not."""
    images, labels = batch
    theirs = pyautoattack.square.SquareAttack(
        model, norm="L2", n_queries=200, eps=0.5, p_init=0.8, seed=7, device="cpu", resc_schedule=False
    )
    unpatched = torchattacks.Square(model, norm="L2", eps=0.5, n_queries=200, resc_schedule=False, seed=7)
    results = []
    for attack in (theirs, unpatched):
        with torch.random.fork_rng(), torch.no_grad():
            attack.init_hyperparam(images)
            torch.manual_seed(7)
            results.append(attack.attack_single_run(images, labels)[1])
    expected, wrong = results
    found = ours(Stage("Square", "square", 200), model, batch, "L2", 0.5)
    assert torch.allclose(found, expected, atol=1e-5)
    assert not torch.allclose(wrong, expected, atol=1e-5), "torchattacks has mended it"


@pytest.mark.parametrize("norm", ["Linf", "L2"])
@pytest.mark.parametrize("shape", [(3, 8, 20), (1, 20, 8), (3, 4, 4), (1, 3, 9)])
def test_square_takes_images_of_any_shape(norm: Norm, shape: tuple[int, int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(6, *shape, generator=generator) * 0.4 + 0.3
    layer = torch.nn.Linear(images[0].numel(), 3, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator))
        layer.weight -= layer.weight.mean(dim=1, keepdim=True)
    model = Classifier(torch.nn.Sequential(torch.nn.Flatten(), layer))
    labels = model(images).argmax(1)
    eps = 0.2 if norm == "Linf" else 2.0
    found = ours(Stage("Square", "square", 60), model, (images, labels), norm, eps)
    assert found.shape == images.shape and torch.isfinite(found).all()
    assert broken(model, found, labels).any()
