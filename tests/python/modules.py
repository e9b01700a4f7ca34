"""Torch modules in memory for the small linear task, and modules that no comparison takes."""

import threading

import torch
from torch import Tensor, nn

from tests.linear_models import Task, make_task, module, pruned_weight

TASK: Task = make_task()
EPS = "4/255"


def dense() -> nn.Module:
    return module(TASK.weight)


def pruned() -> nn.Module:
    return module(pruned_weight(TASK.weight, 0.2))


class Randomized(nn.Module):
    """Adds noise to its logits."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = dense()

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.inner(x)
        return logits + 0.1 * torch.randn_like(logits)


class WithoutGradient(nn.Module):
    """Cuts its graph."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = dense()

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.inner(x)
        return logits.detach()


class Uncopyable(nn.Module):
    """Holds a lock, which copy.deepcopy refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.lock = dense(), threading.Lock()

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.inner(x)
        return logits
