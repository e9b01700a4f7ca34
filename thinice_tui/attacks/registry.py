"""Runs one stage of an ensemble on one batch: the functions behind the rows of protocol/attacks.py."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from thinice_tui.attacks.apgd import apgd_attack
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.fab import fab_attack
from thinice_tui.attacks.margin_ascent import ascend_margin
from thinice_tui.attacks.multi_run import Run, lowest_margins
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import norm_of
from thinice_tui.attacks.pgd import pgd_attack, pgd_step_size
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
    noise: Noise
    batch_capacity: int


def _pgd(call: AttackCall) -> Tensor:
    steps, norm = call.stage.steps, norm_of(call.norm)
    step_size = pgd_step_size(call.norm, call.eps, steps)
    return pgd_attack(call.model, call.x, call.y, norm, call.eps, step_size, steps, call.noise)


def _apgd(call: AttackCall) -> Tensor:
    stage, norm, loss = call.stage, norm_of(call.norm), call.stage.attack.loss
    assert loss is not None
    runs = stage.runs, stage.targets
    return apgd_attack(
        call.model,
        call.x,
        call.y,
        norm,
        call.eps,
        stage.steps,
        loss,
        *runs,
        call.noise,
        call.batch_capacity,
        stage.large_eps,
    )


def _margin(call: AttackCall) -> Tensor:
    stage, norm, loss = call.stage, norm_of(call.norm), call.stage.attack.loss
    assert loss is not None

    def search(run: Run) -> tuple[Tensor, Tensor]:
        return ascend_margin(call.model, run.x, run.y, norm, run.eps, stage.steps, loss, run.noise, run.targets)

    runs = stage.runs, stage.targets
    return lowest_margins(call.model, call.x, call.y, norm, call.eps, *runs, call.noise, call.batch_capacity, search)


def _fab(call: AttackCall) -> Tensor:
    stage, norm = call.stage, norm_of(call.norm)
    runs = stage.targets, stage.restarts
    return fab_attack(call.model, call.x, call.y, norm, call.eps, stage.steps, *runs, call.noise, call.batch_capacity)


def _square(call: AttackCall) -> Tensor:
    stage = call.stage
    return square_attack(call.model, call.x, call.y, call.norm, call.eps, stage.steps, stage.restarts, call.noise)


FUNCTIONS: dict[str, Callable[[AttackCall], Tensor]] = {
    "pgd": _pgd,
    "apgd-ce": _apgd,
    "apgd-dlr": _apgd,
    "apgd-margin": _apgd,
    "apgd-t": _apgd,
    "pma": _margin,
    "margin-t": _margin,
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
    noise: Noise,
    batch_capacity: int = 1,
) -> Tensor:
    """Attack images [n,C,H,W] in [0,1], float32, all classified correctly; returns candidates of the same shape.

    A candidate may be outside the ball or still classified correctly: the caller verifies each. batch_capacity: how
    many images of several targets or restarts may share a batch; by default the runs follow one another.
    """
    with torch.no_grad():
        call = AttackCall(stage, model, images.contiguous(), labels, norm, eps, noise, batch_capacity)
        return FUNCTIONS[stage.kind](call).detach()
