"""What attacks cost on a GPU, counted on a pretend one: kernels, and places where the CPU waits, by step."""

import numpy as np
import pytest
import torch

from tests.linear_models import make_task, module
from tests.pretend_gpu import AVAILABLE, PRETEND, Costs, counted
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.registry import attack_batch
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.protocol.threat_model import NORMS, Norm

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="this torch lets no Python code be a backend")
FEW, MORE = 12, 22
SYNCS = {"pgd": 0, "apgd-ce": 0, "pma": 0, "square": 1, "fab": 15}
"""How often a step, or a query, may make the CPU wait."""


ROBUST = 7
"""Of the 8 samples, those that the model classifies rightly."""
BREAKING: dict[Norm, float] = {"Linf": 0.1, "L2": 0.2, "L1": 1.5}
"""Square breaks samples at these distances, one after the other."""


def costs_of(kind: str, norm: Norm, steps: int, eps: float = 1e-6) -> tuple[Costs, int]:
    """What one stage costs, and its forward passes; at the least eps on samples that it does not break."""
    task = make_task(8)
    network = module(task.weight).to(PRETEND)
    images, labels = torch.from_numpy(task.images).to(PRETEND), torch.from_numpy(task.labels).to(PRETEND)
    model = CountingModel(network.eval(), PRETEND, lambda _: None)
    noise = Noise(0, kind, np.arange(8))
    with counted() as costs:
        attack_batch(Stage(kind, kind, steps), model, images, labels, norm, eps, noise, batch_capacity=8)
    return costs, model.forwards


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("kind", SYNCS)
def test_a_step_makes_the_cpu_wait_at_most_so_often_and_copies_nothing(kind: str, norm: Norm) -> None:
    """But for the bumps of Square, each once."""
    (few, passes), (more, more_passes) = (costs_of(kind, norm, steps) for steps in (FEW, MORE))
    steps = MORE - FEW
    assert more_passes - passes >= steps * ROBUST, "the attack has not taken its steps"
    assert (more.syncs - few.syncs).total() <= SYNCS[kind] * steps, (more.syncs - few.syncs).most_common(8)
    bumps = 3 if kind == "square" else 0
    assert (more.copies - few.copies).total() <= bumps, (more.copies - few.copies).most_common(8)


@pytest.mark.parametrize("norm", NORMS)
def test_a_query_of_square_waits_once_where_samples_break_too(norm: Norm) -> None:
    (few, passes), (more, more_passes) = (costs_of("square", norm, steps, BREAKING[norm]) for steps in (1, 1 + MORE))
    assert 0 < more_passes - passes < MORE * ROBUST, "no sample breaks during the search"
    assert (more.syncs - few.syncs).total() <= MORE, (more.syncs - few.syncs).most_common(8)
