"""What attacks cost on a GPU, counted on a pretend one: kernels, and places where the CPU waits, by step."""

from collections import Counter

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


def costs_of(kind: str, norm: Norm, steps: int) -> Costs:
    """What one stage costs on samples that it does not break."""
    task = make_task(8)
    network = module(task.weight).to(PRETEND)
    images, labels = torch.from_numpy(task.images).to(PRETEND), torch.from_numpy(task.labels).to(PRETEND)
    model = CountingModel(network.eval(), PRETEND, lambda _: None)
    noise = Noise(0, kind, np.arange(8))
    with counted() as costs:
        attack_batch(Stage(kind, kind, steps), model, images, labels, norm, 1e-6, noise, batch_capacity=8)
    return costs


def per_step(few: Counter[str], more: Counter[str]) -> float:
    return (more.total() - few.total()) / (MORE - FEW)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("kind", SYNCS)
def test_a_step_makes_the_cpu_wait_at_most_so_often(kind: str, norm: Norm) -> None:
    few, more = costs_of(kind, norm, FEW), costs_of(kind, norm, MORE)
    assert per_step(few.syncs, more.syncs) <= SYNCS[kind], (more.syncs - few.syncs).most_common(8)
