"""PGD against torchattacks, from the same start, and its step size."""

import pytest
import torch
import torchattacks
from torch import Tensor

from tests.attacks.injected_noise import CPU
from tests.attacks.stages import noise_of, ours
from thinice_tui.attacks.norms import norm_of
from thinice_tui.attacks.pgd import pgd_step_size
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.protocol.threat_model import Norm


@pytest.mark.parametrize("norm", ["Linf", "L2"])
def test_the_last_iterate_is_torchattacks(
    norm: Norm, model: Classifier, batch: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    images, labels = batch
    eps = 8 / 255 if norm == "Linf" else 0.5
    stage, lp = Stage("PGD-20", "pgd", 20), norm_of(norm)
    noise = noise_of(stage, len(images)).each(lp.draw, images.shape[1:], 0, CPU)
    kind = {"Linf": torchattacks.PGD, "L2": torchattacks.PGDL2}[norm]
    attack = kind(model, eps=eps, alpha=pgd_step_size(norm, eps, 20), steps=20, random_start=True)
    # theirs draws uniformly from the cube of radius eps, or a direction and a length
    monkeypatch.setattr(Tensor, "normal_", lambda drawn: drawn.copy_(noise))
    monkeypatch.setattr(
        Tensor, "uniform_", lambda drawn, *_: drawn.copy_(eps * noise) if drawn.shape == noise.shape else drawn.fill_(1)
    )
    expected = attack(images, labels)
    monkeypatch.undo()
    found = ours(stage, model, batch, norm, eps)
    assert torch.allclose(found, expected, atol=1e-5)
    assert not torch.allclose(found, images, atol=1e-2)


def test_the_weak_attacks_step_is_what_papers_use() -> None:
    assert pgd_step_size("Linf", 8 / 255, 20) == pytest.approx(2 / 255)
    assert pgd_step_size("Linf", 8 / 255, 5) == pytest.approx(4 / 255)
    assert pgd_step_size("L2", 0.5, 20) == pytest.approx(0.0625)
    assert pgd_step_size("L1", 12.0, 20) == pytest.approx(1.5)


def test_a_step_under_l1_is_slides(batch: tuple[Tensor, Tensor]) -> None:
    """1 % of the pixels, those of largest gradient that the cube lets move, each by as much (foolbox, cleverhans)."""
    images = batch[0]
    random = torch.Generator().manual_seed(0)
    gradient = torch.randn(images.shape, generator=random)
    images = images.clamp(0.1, 0.9)
    images[:, 0], images[:, 1] = 0.0, 1.0
    each = torch.ones(len(images), 1, 1, 1)
    delta = norm_of("L1").ball(images, 12 * each).step(images, gradient, 0.3 * each) - images
    free = ~(((images <= 0) & (gradient < 0)) | ((images >= 1) & (gradient > 0)))
    usable = (gradient.abs() * free).flatten(1)
    expected = usable >= usable.quantile(0.99, dim=1, keepdim=True)
    assert torch.equal(delta.flatten(1) != 0, expected)
    assert torch.allclose(delta.flatten(1)[expected].abs(), torch.tensor(0.3 / 31), atol=1e-6)
    assert torch.equal(delta.sign().flatten(1)[expected], gradient.sign().flatten(1)[expected])
