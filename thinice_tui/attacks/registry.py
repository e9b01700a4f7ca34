"""Runs one stage of an ensemble on one batch: the functions behind the rows of protocol/attacks.py."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from thinice_tui.attacks.apgd import apgd_attack
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.fab import fab_attack
from thinice_tui.attacks.norms import norm_of
from thinice_tui.attacks.pgd import pgd_attack
from thinice_tui.attacks.square import square_attack
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.protocol.threat_model import Norm


@dataclass(frozen=True)
class AttackCall:
    """What an attack is given: images [n,C,H,W] in [0,1] with labels [n], the threat model and the stage.

    batch_capacity: up to how many images several runs may share a batch.
    """

    stage: Stage
    model: CountingModel
    x: Tensor
    y: Tensor
    norm: Norm
    eps: float
    batch_capacity: int


def _pgd(call: AttackCall) -> Tensor:
    with torch.enable_grad():
        return pgd_attack(call.model, call.x, call.y, call.norm, call.eps, call.stage.steps)


def _apgd(call: AttackCall) -> Tensor:
    stage, norm, loss = call.stage, norm_of(call.norm), call.stage.attack.loss
    assert loss is not None
    return apgd_attack(call.model, call.x, call.y, norm, call.eps, stage.steps, loss, stage.runs, call.batch_capacity)


def _fab(call: AttackCall) -> Tensor:
    stage, norm = call.stage, norm_of(call.norm)
    return fab_attack(
        call.model, call.x, call.y, norm, call.eps, stage.steps, stage.targets, stage.restarts, call.batch_capacity
    )


def _square(call: AttackCall) -> Tensor:
    stage = call.stage
    return square_attack(call.model, call.x, call.y, call.norm, call.eps, stage.steps, stage.restarts)


FUNCTIONS: dict[str, Callable[[AttackCall], Tensor]] = {
    "pgd": _pgd,
    "apgd-ce": _apgd,
    "apgd-dlr": _apgd,
    "apgd-margin": _apgd,
    "apgd-t": _apgd,
    "fab": _fab,
    "fab-t": _fab,
    "square": _square,
}
"""By the keys of ATTACKS."""


def attack_batch(
    stage: Stage,
    model: CountingModel,
    images: Tensor,
    labels: Tensor,
    norm: Norm,
    eps: float,
    seed: int,
    batch_capacity: int = 1,
) -> Tensor:
    """Attack images [n,C,H,W] in [0,1], float32, all classified correctly; returns candidates of the same shape.

    A candidate may be outside the ball or still classified correctly: the caller verifies each. The process's global
    random generators stay as they were. batch_capacity: how many images of several targets or restarts may share a
    batch; by default the runs follow one another.
    """
    with seeded(seed), torch.no_grad():
        call = AttackCall(stage, model, images.contiguous(), labels, norm, eps, batch_capacity)
        return FUNCTIONS[stage.kind](call).detach()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seeds the global random generators, and restores them afterwards."""
    # manual_seed reseeds every GPU's generator, not only the one in use.
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
