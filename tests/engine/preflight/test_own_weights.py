"""Modules in memory whose forward pass uses weights of somebody else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import thinice_tui as ti
from tests.python.modules import EPS, TASK, dense

ATTACK: dict[str, Any] = {"attack": "pgd-2", "eps": EPS}


class Calling(nn.Module):
    """Calls a function, which may hold any network."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Listing(nn.Module):
    """Keeps its network in a plain list."""

    def __init__(self) -> None:
        super().__init__()
        self.networks = [dense()]

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.networks[0](x)
        return logits


class Catching(Listing):
    """Hides what its network raises."""

    def forward(self, x: Tensor) -> Tensor:
        try:
            return super().forward(x)
        except Exception:
            return x.flatten(1)


def patched() -> nn.Module:
    outer, inner = nn.Module(), dense()
    outer.forward = lambda x: inner(x)
    return outer


@pytest.mark.parametrize("make", [lambda: Calling(lambda x: dense()(x)), Listing, Catching, patched])
def test_weights_of_somebody_else_are_refused(make: Callable[[], nn.Module], tmp_path: Path) -> None:
    run = tmp_path / "a.thinice"
    with pytest.raises(ti.ModelError, match=r"weights of shape .* that belong to none of its parts") as caught:
        ti.compare(make(), {}, TASK.images, TASK.labels, run=run, **ATTACK)
    assert "self.net = net" in caught.value.do and not run.exists()


def test_a_network_that_is_not_its_own_stays_as_it_is() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 5)).train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with pytest.raises(ti.ModelError, match="belong to none of its parts"):
        ti.attack(Calling(network.forward), TASK.images, TASK.labels, **ATTACK)
    assert network.training and all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_a_module_without_weights_is_taken() -> None:
    function = torch.from_numpy(TASK.weight)
    result = ti.attack(Calling(lambda x: x.flatten(1) @ function.T), TASK.images, TASK.labels, **ATTACK)
    assert np.array_equal(result.robust, ti.attack(dense(), TASK.images, TASK.labels, **ATTACK).robust)
