"""Square Attack against torchattacks and the authors' code, on a real model, and on images of any shape."""

import pyautoattack.square
import pytest
import torch
import torchattacks
from torch import Tensor

from tests.attacks.injected_noise import CPU, Own, alone
from tests.attacks.stages import EPS, broken, check_verdicts, few, noise_of, ours, own_of
from thinice_tui.attacks.noise import uniform
from thinice_tui.attacks.square import SEARCHES
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.attacks import ATTACKS
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.protocol.threat_model import NORMS, Norm


def test_there_is_a_search_for_each_norm_that_the_row_names() -> None:
    assert set(SEARCHES) == set(ATTACKS["square"].norms)


def test_verdicts_under_linf_are_torchattacks(model: Classifier, batch: tuple[Tensor, Tensor]) -> None:
    stage, batch = Stage("Square", "square", 400), few(batch)
    attack = torchattacks.Square(model, n_queries=400, resc_schedule=False, seed=7)
    shared = noise_of(stage, 1).shared((400, 5), 0)
    check_verdicts(stage, alone(attack, batch, own_of(stage), shared), model, batch)


@pytest.mark.parametrize("norm", ["L2", "L1"])
def test_the_search_by_bumps_is_the_authors(norm: Norm, model: Classifier, batch: tuple[Tensor, Tensor]) -> None:
    """torchattacks' Square sums the windows' norms over channels (square.py:348); the authors' does not.

    Under L1 for 60 queries: the rounding of the projection decides a later one otherwise.
    """
    batch, eps = few(batch), EPS[norm]
    images = batch[0]
    queries, tiles = {"L2": 200, "L1": 60}[norm], 25  # a grid of 5 × 5 tiles of 6 pixels
    stage = Stage("Square", "square", queries)
    theirs = pyautoattack.square.SquareAttack(
        model, norm=norm, n_queries=queries, eps=eps, p_init=0.8, seed=7, device="cpu", resc_schedule=False
    )
    unpatched = torchattacks.Square(model, norm="L2", eps=0.5, n_queries=200, resc_schedule=False, seed=7)
    drawn = noise_of(stage, len(images))
    signs = drawn.each(uniform, (tiles + queries, 3, 1, 1), 0, CPU)
    numbers = drawn.shared((tiles + queries, 5), 0)
    shared = torch.cat([numbers[:tiles, 4], numbers[tiles:].flatten()])  # tiles have no place to draw

    def own(row: int) -> Own:
        left = iter(signs[row : row + 1].unbind(dim=1))
        return lambda _draw, _shape: next(left)

    def searched(attack: pyautoattack.square.SquareAttack | torchattacks.Square) -> Tensor:
        attack.init_hyperparam(images)
        return alone(lambda x, y: attack.attack_single_run(x, y)[1], batch, own, shared)

    expected = searched(theirs)
    assert torch.allclose(ours(stage, model, batch, norm, eps), expected, atol=1e-5)
    if norm == "L1":
        return
    wrong = searched(unpatched)
    assert not torch.allclose(wrong, expected, atol=1e-5), "torchattacks has mended it"


@pytest.mark.parametrize("norm", NORMS)
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
    eps = {"Linf": 0.2, "L2": 2.0, "L1": 10.0}[norm]
    found = ours(Stage("Square", "square", 60), model, (images, labels), norm, eps)
    assert found.shape == images.shape and torch.isfinite(found).all()
    assert broken(model, found, labels).any()
