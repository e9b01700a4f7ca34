"""PGD (Madry et al. 2018, arXiv 1706.06083), the attack that most claims of robustness rest on."""

import torchattacks
from torch import Tensor, nn

from thinice_tui.protocol.threat_model import Norm

FORMS = {"Linf": torchattacks.PGD, "L2": torchattacks.PGDL2}
LEAST_STEP = {"Linf": 1 / 4, "L2": 0.0}
"""The smallest step by norm, as a share of eps: 1/4 is the 2/255 at eps 8/255 that adversarial pruning papers use with
10 to 50 steps."""


def pgd_attack(model: nn.Module, x: Tensor, y: Tensor, norm: Norm, eps: float, steps: int) -> Tensor:
    """The last iterate from one random start, for x [n,C,H,W] in [0,1] with labels y [n]."""
    attack = FORMS[norm](model, eps=eps, alpha=pgd_step_size(norm, eps, steps), steps=steps, random_start=True)
    x_adv: Tensor = attack(x, y)
    return x_adv


def pgd_step_size(norm: Norm, eps: float, steps: int) -> float:
    """2.5·eps/steps (Madry et al. 2018), and at least LEAST_STEP of eps."""
    return max(2.5 * eps / steps, eps * LEAST_STEP[norm])
