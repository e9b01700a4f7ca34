"""One stage of an ensemble on one batch: candidates for adversarial images, not yet believed."""

import torch
import torchattacks
from torch import Tensor

from thinice_tui.attacks.apgd import Apgd, Loss
from thinice_tui.attacks.ensembles import Stage
from thinice_tui.attacks.metered import MeteredModel
from thinice_tui.attacks.square import Square
from thinice_tui.settings import Norm

APGD_LOSS: dict[str, Loss] = {
    "apgd-ce": "ce",
    "apgd-dlr": "dlr",
    "apgd-margin": "margin",
    "apgd-t": "targeted",
}


def attack_batch(
    stage: Stage, model: MeteredModel, images: Tensor, labels: Tensor, norm: Norm, eps: float, seed: int
) -> Tensor:
    """Attack images [n,C,H,W] in [0,1], float32, all classified correctly; return candidates, same shape.

    A candidate may be outside the ball or still classified correctly: the caller verifies each. Every
    argument is explicit, because torchattacks' defaults are not AutoAttack's. The process's global
    random generators are left as they were.
    """
    # manual_seed reseeds every GPU's generator, not only the one in use.
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        attack = _build(stage, model, norm, eps, seed)
        # torchattacks' PGD fails without gradients; the others enable them where they need them, and
        # under gradients would keep every step's batch alive.
        with torch.set_grad_enabled(stage.kind == "pgd"):
            found: Tensor = attack(images.contiguous(), labels)
    return found.detach()


def _build(stage: Stage, model: MeteredModel, norm: Norm, eps: float, seed: int) -> torchattacks.attack.Attack:
    runs = stage.restarts * max(stage.targets, 1)
    match stage.kind:
        case "pgd":
            alpha = pgd_step_size(norm, eps, stage.steps)
            form = torchattacks.PGD if norm == "Linf" else torchattacks.PGDL2
            return form(model, eps=eps, alpha=alpha, steps=stage.steps, random_start=True)
        case "fab" | "fab-t":
            return torchattacks.FAB(
                model,
                norm=norm,
                eps=eps,
                steps=stage.steps,
                n_restarts=stage.restarts,
                seed=seed,
                multi_targeted=stage.kind == "fab-t",
                n_classes=stage.targets + 1,
            )
        case "square":
            return Square(
                model,
                norm=norm,
                eps=eps,
                n_queries=stage.steps,
                n_restarts=stage.restarts,
                resc_schedule=False,
                seed=seed,
            )
        case _:
            return Apgd(model, norm, eps, stage.steps, runs, seed, APGD_LOSS[stage.kind])


def pgd_step_size(norm: Norm, eps: float, steps: int) -> float:
    """The step of the weak attack: 2.5·eps/steps (Madry et al. 2018), and under Linf at least eps/4.

    eps/4 is the 2/255 at eps 8/255 that adversarial pruning papers use with 10 to 50 steps.
    """
    step = 2.5 * eps / steps
    return max(step, eps / 4) if norm == "Linf" else step
