"""How APGD steps: from iterate to iterate, and what it changes at its checkpoints, in each norm."""

from typing import Protocol

import torch
from torch import Tensor

from thinice_tui.attacks.l1_ball import changed, pull_in, sparse_step
from thinice_tui.attacks.norms import Ball, per_image

RHO = 0.75
"""The share of steps that must increase the loss; with fewer the step size is halved."""
MOMENTUM = 0.75
"""The share of the new step; the rest is the step before."""
SPARSER = 0.95
"""Under L1: the best iterate has become sparser if it changes less than this share of what it changed before."""
REDUCTION = 1.5
"""Under L1: the divisor of the step size, and of the share of the pixels that a step changes."""
LEAST_STEP = 10.0
"""Under L1: eps over the smallest step size."""


class Steps(Protocol):
    """The steps of one run on n samples."""

    def next(self, x_adv: Tensor, gradient: Tensor) -> Tensor:
        """The iterate after x_adv [n,C,H,W], along the gradient there."""

    def check(self, step: int, losses: Tensor, loss_best: Tensor, x_best: Tensor) -> Tensor | None:
        """Bool [n]: which samples go back to x_best, their iterate of highest loss, after that step; None: none.

        losses: [steps+1,n], of the iterates so far, the start first; loss_best: [n], the highest.
        """


class HalvingSteps:
    """Under Linf and L2: momentum, and steps from 2·eps on that are halved where the loss does not rise.

    (Croce and Hein 2020, arXiv 2003.01690.)
    """

    def __init__(self, ball: Ball, eps: Tensor, steps: int, start: Tensor, loss_start: Tensor) -> None:
        self._ball, self._step_size = ball, 2.0 * eps
        self._period, self._least = max(int(0.22 * steps), 1), max(int(0.06 * steps), 1)
        self._decrease = max(int(0.03 * steps), 1)
        self._x_adv_old, self._share = start, 1.0
        self._steps_since_check = 0
        self._loss_at_check = loss_start.clone()
        self._reduced = torch.ones_like(loss_start, dtype=torch.bool)
        # What the authors' code compares the first step's loss with: 0, the last row of a table not yet written.
        self._loss_before_start = torch.zeros_like(loss_start)[None]

    def next(self, x_adv: Tensor, gradient: Tensor) -> Tensor:
        momentum, self._x_adv_old = x_adv - self._x_adv_old, x_adv
        z = self._ball.step(x_adv, gradient, self._step_size)
        share, self._share = self._share, MOMENTUM
        return self._ball.project(z.sub_(x_adv).mul_(share).add_(x_adv).add_(momentum.mul_(1 - share)))

    def check(self, step: int, losses: Tensor, loss_best: Tensor, x_best: Tensor) -> Tensor | None:  # noqa: ARG002
        self._steps_since_check += 1
        period = self._period
        if self._steps_since_check < period:
            return None
        window = losses[step - period + 1 : step + 1]
        before = losses[step - period : step] if step > period else torch.cat([self._loss_before_start, losses[1:step]])
        oscillates = (window > before).sum(dim=0) <= period * RHO
        stuck = ~self._reduced & (self._loss_at_check >= loss_best)
        self._reduced = oscillates | stuck
        self._loss_at_check = loss_best.clone()
        self._step_size = torch.where(per_image(self._reduced), self._step_size / 2.0, self._step_size)
        self._steps_since_check, self._period = 0, max(period - self._decrease, self._least)
        return self._reduced


class SparseSteps:
    """Under L1: no momentum, and steps of eps that change the pixels of largest gradient only.

    How many follows from how many the best iterate changes. Where these become fewer, the search goes on from there
    with steps of eps; elsewhere steps become shorter. (Croce and Hein 2021, arXiv 2103.01208, algorithm 1.)
    """

    def __init__(self, x: Tensor, eps: Tensor, steps: int, start: Tensor) -> None:
        self._x, self._eps, self._step_size = x, eps, eps
        self._period = max(int(0.04 * steps), 1)
        self._changed = changed(x, start)

    def next(self, x_adv: Tensor, gradient: Tensor) -> Tensor:
        share = self._changed / self._x[0].numel() / REDUCTION
        delta = x_adv + sparse_step(gradient, share, self._step_size) - self._x
        return self._x + delta + pull_in(self._x, delta, self._eps)

    def check(self, step: int, losses: Tensor, loss_best: Tensor, x_best: Tensor) -> Tensor | None:  # noqa: ARG002
        if step % self._period:
            return None
        changed_now = changed(self._x, x_best)
        sparser = changed_now / self._changed < SPARSER
        shorter = torch.maximum(self._step_size / REDUCTION, self._eps / LEAST_STEP)
        self._step_size = torch.where(per_image(sparser), self._eps, shorter)
        self._changed = changed_now
        return sparser
