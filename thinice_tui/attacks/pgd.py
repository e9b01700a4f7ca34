"""PGD (Madry et al. 2018, arXiv 1706.06083), the attack that most claims of robustness rest on.

Why not torchattacks': it draws a whole batch's starts from the process's global generator. Given the same starts, the
iterates are the same. Under L1, which it lacks, the steps are those of SLIDE (Tramèr and Boneh 2019, arXiv 1904.13000).
"""

import torch
from torch import Tensor, nn

from thinice_tui.attacks.losses import loss_of
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import LpNorm
from thinice_tui.protocol.threat_model import Norm

LEAST_STEP = {"Linf": 1 / 4, "L2": 0.0, "L1": 0.0}
"""The smallest step by norm, as a share of eps: 1/4 is the 2/255 at eps 8/255 that adversarial pruning papers use with
10 to 50 steps."""


def pgd_attack(
    model: nn.Module, x: Tensor, y: Tensor, norm: LpNorm, eps: float, step_size: float, steps: int, noise: Noise
) -> Tensor:
    """The last iterate from one random start, for x [n,C,H,W] in [0,1] with labels y [n]."""
    each = torch.ones((len(x), 1, 1, 1), dtype=x.dtype, device=x.device)
    ball, drawn = norm.ball(x, eps * each), noise.each(norm.draw, x.shape[1:], 0, x.device)
    x_adv = (x + norm.random_perturbation(drawn, eps)).clamp_(0.0, 1.0)
    for _ in range(steps):
        inputs = x_adv.detach().requires_grad_()
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(loss_of("ce", model(inputs), y, None).sum(), inputs)
        x_adv = ball.step(x_adv, gradient, step_size * each)
    return x_adv


def pgd_step_size(norm: Norm, eps: float, steps: int) -> float:
    """2.5·eps/steps (Madry et al. 2018), and at least LEAST_STEP of eps."""
    return max(2.5 * eps / steps, eps * LEAST_STEP[norm])
