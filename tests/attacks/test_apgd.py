"""APGD against torchattacks and pyautoattack, on a real model."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyautoattack.autopgd_base
import pytest
import torch
import torchattacks
from torch import Tensor
from torchattacks.attack import Attack

from tests.attacks.injected_noise import CPU, Own, alone, injected, runs_of
from tests.attacks.stages import broken, check_verdicts, few, noise_of, ours, own_of
from thinice_tui.attacks.apgd import ascend, ascend_large_eps
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import norm_of
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.attacks import Loss
from thinice_tui.protocol.ensembles import Stage, under_norm
from thinice_tui.protocol.threat_model import Norm


@pytest.mark.parametrize("norm", ["Linf", "L2"])
@pytest.mark.parametrize("loss", ["ce", "dlr"])
def test_the_iterates_of_apgd_are_torchattacks_bit_for_bit(
    loss: Loss, norm: Norm, model: Classifier, batch: tuple[Tensor, Tensor]
) -> None:
    """The best losses of one run, which depend on every iterate, every step size and every restart from the best."""
    images, labels = batch
    eps = 8 / 255 if norm == "Linf" else 0.5
    attack = torchattacks.APGD(model, norm=norm, eps=eps, steps=50, seed=7, loss=loss)
    noise = Noise(7, "APGD", np.arange(len(images)))
    lp, radius = norm_of(norm), torch.full((len(images), 1, 1, 1), eps)
    start = lp.random_start(images, radius, noise.each(lp.draw, images.shape[1:], 0, CPU))
    with torch.no_grad():
        with injected(runs_of(noise), torch.empty(0)), torch.random.fork_rng():
            _, held, best, _ = attack.attack_single_run(images, labels)
        ours = ascend(model, images, labels, lp, radius, 50, loss, start)
    assert torch.equal(ours.losses.amax(dim=0), best)
    assert torch.equal(ours.margins > 0, held.bool()) and not held.all()


@pytest.mark.parametrize(
    ("stage", "theirs"),
    [
        (Stage("T", "apgd-t", 20, targets=3), lambda m: torchattacks.APGDT(m, steps=20, seed=7, n_classes=4)),
        (Stage("DLR", "apgd-dlr", 20, 3), lambda m: torchattacks.APGD(m, steps=20, seed=7, loss="dlr", n_restarts=3)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_verdicts_are_torchattacks(
    stage: Stage, theirs: Callable[[Classifier], Attack], model: Classifier, batch: tuple[Tensor, Tensor]
) -> None:
    batch = few(batch)
    check_verdicts(stage, alone(theirs(model), batch, own_of(stage)), model, batch)


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
    stage = Stage("APGD-T", "apgd-t", 50, targets=3)
    with torch.random.fork_rng(), torch.no_grad():
        theirs = torchattacks.APGDT(model, norm="L2", eps=0.5, steps=50, seed=7, n_classes=4)
        unpatched, together = theirs(images, labels), attack.perturb(images, labels)
    fell = broken(model, together, labels)
    assert not torch.allclose(unpatched[fell], together[fell], atol=1e-5), "torchattacks has mended it"
    expected = alone(attack.perturb, few(batch), own_of(stage))
    found, few_labels = ours(stage, model, few(batch), "L2", 0.5), few(batch)[1]
    assert torch.equal(broken(model, found, few_labels), broken(model, expected, few_labels))


@pytest.mark.parametrize("loss", ["ce", "dlr"])
def test_the_iterates_of_apgd_under_l1_are_the_authors_bit_for_bit(
    loss: Loss, model: Classifier, batch: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the balls of 3·eps, 2·eps and eps: the best iterates, their losses and the verdicts."""
    images, labels = batch
    attack = pyautoattack.autopgd_base.APGDAttack(
        model, n_iter=50, eps=12.0, norm="L1", loss=loss, seed=7, device="cpu", use_largereps=True
    )
    attack.init_hyperparam(images)
    monkeypatch.setattr("pyautoattack.autopgd_base.check_zero_gradients", lambda *_, **__: None)
    lp, noise = norm_of("L1"), Noise(7, "APGD", np.arange(len(images)))
    drawn = noise.each(lp.draw, images.shape[1:], 0, CPU)
    with torch.no_grad():
        with injected(lambda _draw, _shape: drawn, torch.empty(0)), torch.random.fork_rng():
            expected, held, best, _ = attack.decr_eps_pgd(images, labels, [36.0, 24.0, 12.0], [15, 15, 20])
        found = ascend_large_eps(model, images, labels, lp, torch.full((len(images), 1, 1, 1), 12.0), 50, loss, drawn)
    assert torch.equal(found.x_best, expected)
    assert torch.equal(found.losses.amax(dim=0), best)
    assert torch.equal(found.margins > 0, held)


@pytest.mark.parametrize(
    "stage", [Stage("CE", "apgd-ce", 20, 5), Stage("T", "apgd-t", 20, targets=5)], ids=lambda stage: stage.name
)
def test_verdicts_under_l1_are_the_authors(
    stage: Stage, model: Classifier, batch: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the restarts and targets of AutoAttack standard, each image alone; eps so that some hold."""
    stage, batch, eps = under_norm(stage, "L1"), few(batch), 4.0
    kind = pyautoattack.autopgd_base.APGDAttack_targeted if stage.targets else pyautoattack.autopgd_base.APGDAttack
    attack = kind(model, n_iter=20, n_restarts=stage.restarts, eps=eps, norm="L1", seed=7, use_largereps=True)
    attack.n_target_classes = stage.targets
    monkeypatch.setattr("pyautoattack.autopgd_base.check_zero_gradients", lambda *_, **__: None)

    def own(row: int) -> Own:
        """A run asks four times, and uses what it is given first."""
        noise, asked = replace(noise_of(stage, 1), indices=np.array([row])), itertools.count()
        return lambda draw, shape: noise.each(draw, shape[1:], next(asked) // 4, CPU)

    expected = broken(model, alone(attack.perturb, batch, own), batch[1])
    assert torch.equal(broken(model, ours(stage, model, batch, "L1", eps), batch[1]), expected)
    assert expected.any() and not expected.all()
