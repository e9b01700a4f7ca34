"""One stage of an ensemble on one batch: candidates for adversarial images, not yet believed."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torchattacks
from torch import Tensor

from thinice_tui.attacks.apgd import apgd_attack
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.fab import fab_attack
from thinice_tui.attacks.losses import Loss
from thinice_tui.attacks.square import square_attack
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.protocol.threat_model import Norm

APGD_LOSS: dict[str, Loss] = {
    "apgd-ce": "ce",
    "apgd-dlr": "dlr",
    "apgd-margin": "margin",
    "apgd-t": "targeted",
}


def attack_batch(
    stage: Stage, model: CountingModel, images: Tensor, labels: Tensor, norm: Norm, eps: float, seed: int, room: int = 1
) -> Tensor:
    """Attack images [n,C,H,W] in [0,1], float32, all classified correctly; return candidates, same shape.

    A candidate may be outside the ball or still classified correctly: the caller verifies each. The process's
    global random generators are left as they were. `room`: up to how many images several targets or restarts
    are attacked at once; by default one after the other.
    """
    with seeded(seed):
        if stage.kind == "pgd":
            found = _pgd(stage, model, images, labels, norm, eps)
        else:
            with torch.no_grad():
                found = _attack(stage, model, images.contiguous(), labels, norm, eps, room)
    return found.detach()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """The global random generators seeded, and afterwards as they were."""
    # manual_seed reseeds every GPU's generator, not only the one in use.
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def _attack(
    stage: Stage, model: CountingModel, images: Tensor, labels: Tensor, norm: Norm, eps: float, room: int
) -> Tensor:
    match stage.kind:
        case "fab" | "fab-t":
            return fab_attack(model, images, labels, norm, eps, stage.steps, stage.targets, stage.restarts, room)
        case "square":
            return square_attack(model, images, labels, norm, eps, stage.steps, stage.restarts)
        case _:
            runs = stage.restarts * max(stage.targets, 1)
            return apgd_attack(model, images, labels, norm, eps, stage.steps, APGD_LOSS[stage.kind], runs, room)


def _pgd(stage: Stage, model: CountingModel, images: Tensor, labels: Tensor, norm: Norm, eps: float) -> Tensor:
    form = torchattacks.PGD if norm == "Linf" else torchattacks.PGDL2
    step = pgd_step_size(norm, eps, stage.steps)
    found: Tensor = form(model, eps=eps, alpha=step, steps=stage.steps, random_start=True)(images, labels)
    return found


def pgd_step_size(norm: Norm, eps: float, steps: int) -> float:
    """The step of the weak attack: 2.5·eps/steps (Madry et al. 2018), and under Linf at least eps/4.

    eps/4 is the 2/255 at eps 8/255 that adversarial pruning papers use with 10 to 50 steps.
    """
    step = 2.5 * eps / steps
    return max(step, eps / 4) if norm == "Linf" else step
