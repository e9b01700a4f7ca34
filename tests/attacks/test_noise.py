"""The attacks' random numbers: each sample's own, whatever batch it is in, and like those of the distributions."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from tests.attacks.injected_noise import CPU
from tests.attacks.stages import EPS, OTHERS, STRONG, broken, noise_of
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.losses import logit_margins
from thinice_tui.attacks.noise import Draw, Noise, in_cube, normal, signs, uniform
from thinice_tui.attacks.norms import norm_of
from thinice_tui.attacks.registry import attack_batch
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.ensembles import Stage, under_norm
from thinice_tui.protocol.threat_model import NORMS, Norm

SHAPE = (3, 8, 8)


def test_a_samples_numbers_depend_on_seed_stage_restart_and_index_alone() -> None:
    whole = Noise(0, "APGD-CE", np.array([5, 900, 0, 2**40]))
    drawn = whole.each(uniform, SHAPE, 0, CPU)
    assert torch.equal(whole.of(torch.tensor([3, 1])).each(uniform, SHAPE, 0, CPU), drawn[[3, 1]])
    assert torch.equal(whole.each(uniform, SHAPE, [0, 1, 0, 0], CPU)[[0, 2, 3]], drawn[[0, 2, 3]])
    others = [
        Noise(1, "APGD-CE", whole.indices).each(uniform, SHAPE, 0, CPU),
        Noise(0, "APGD-T", whole.indices).each(uniform, SHAPE, 0, CPU),
        whole.each(uniform, SHAPE, 1, CPU),
        drawn.roll(1, 0),
    ]
    for other in others:
        assert (other != drawn).flatten(1).float().mean(dim=1).min() > 0.9


def test_shared_numbers_are_the_same_for_every_batch() -> None:
    one, other = Noise(0, "Square", np.arange(3)), Noise(0, "Square", np.array([77]))
    assert torch.equal(one.shared((50, 5), 0), other.shared((50, 5), 0))
    assert not torch.equal(one.shared((50, 5), 0), one.shared((50, 5), 1))
    assert torch.equal(one.shared((50, 5), 0)[:20], one.shared((20, 5), 0)), "a query's are those of any longer search"


@pytest.mark.parametrize(
    ("draw", "distribution"),
    [(uniform, stats.uniform()), (in_cube, stats.uniform(-1, 2)), (normal, stats.norm())],
    ids=["uniform", "in_cube", "normal"],
)
def test_numbers_of_neighbouring_samples_are_like_independent_ones(draw: Draw, distribution: object) -> None:
    drawn = Noise(0, "PGD-20", np.arange(2000)).each(draw, (4, 2, 2), 0, CPU).flatten(1).numpy()
    for values in (drawn[:, 0], drawn[0:200].ravel()):
        assert stats.kstest(values, distribution.cdf).pvalue > 1e-4  # type: ignore[attr-defined]
    correlations = np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]
    assert abs(correlations) < 4 / np.sqrt(2000)


def test_signs_are_fair() -> None:
    drawn = Noise(0, "Square", np.arange(100)).each(signs, (100, 1, 1), 0, CPU)
    assert set(drawn.flatten().tolist()) == {-1.0, 1.0} and abs(float(drawn.mean())) < 0.04


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(
    "stage",
    [*(replace(stage, steps=min(stage.steps, 60) // 4) for stage in (*STRONG, *OTHERS)), Stage("FAB-3", "fab", 5, 3)],
    ids=lambda stage: stage.name,
)
def test_a_sample_fares_the_same_in_any_batch_and_order(
    stage: Stage, norm: Norm, model: Classifier, batch: tuple[Tensor, Tensor]
) -> None:
    images, labels = batch
    stage = under_norm(stage, norm)
    eps, whole = EPS[norm], noise_of(stage, len(images))

    def attacked(rows: Tensor, batch_capacity: int) -> tuple[Tensor, Tensor]:
        found = attack_batch(
            stage, CountingModel(model, CPU), images[rows], labels[rows], norm, eps, whole.of(rows), batch_capacity
        )
        inside = norm_of(norm).project(images[rows], found, eps)
        with torch.no_grad():
            return broken(model, inside, labels[rows]), logit_margins(model(inside), labels[rows])

    every = torch.arange(len(images))
    fell, margins = attacked(every, 1)
    shuffled = every[torch.randperm(len(every), generator=torch.Generator().manual_seed(1))]
    for part, batch_capacity in ((every[[3]], 7), (shuffled, 40), (every[:7], 1), (every[7:], 64)):
        fell_there, margins_there = attacked(part, batch_capacity)
        assert torch.equal(fell_there, fell[part])
        assert torch.allclose(margins_there, margins[part], atol=1e-3), (margins_there - margins[part]).abs().max()
