"""Diagnostics: signs that attacks on a model could not work, so that its robust accuracy may be too high.

They are the indicators of attack failure of Pintor et al. 2022 (arXiv 2106.09947), AutoAttack's check for zero
gradients, and a check that the gradient is that of the function. All run in full precision, on samples that the attacks
did not break, and use the logit margin, so that the scale of logits does not matter. The checks of gradients and of
random noise run on the unmodified model. The two that ascend the loss follow the gradients of a faster form of it,
which is the same function; an image found without a limit to eps is then classified by the unmodified model. Two of the
indicators cannot occur here: "silent success", because the iterate of lowest margin is kept, and "transfer failure",
because each model itself is attacked.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from thinice_tui.attacks.apgd import ascend
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.losses import logit_margins, lowered_margins
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import LpNorm, norm_of
from thinice_tui.attacks.vanishing_gradients import vanished_gradients
from thinice_tui.protocol.threat_model import Norm
from thinice_tui.runfile.records import Finding

SAMPLES = 32
"""The number of robust samples of each model that are diagnosed."""
STEPS = 100
UNBOUNDED_STEPS = (2, 20)
"""Steps of the ascents without a limit to eps; the second is made from the samples that the first left robust."""
LAST_STEPS = 10
AT_REST = 0.05
"""The share of the whole increase of the loss that the last steps may still add."""
DRAWS = 10
STEADY = 0.1
"""The mean relative change of the margin under random noise of size eps, up to which predictions are stable."""
TINY_STEP = 0.05 / 255
"""For each pixel: smaller than the step of any rounded input, large enough for float32."""
FOLLOWS = 0.5
"""How far the margin's change over a tiny step may be from what its gradient predicts, relative to that."""
ROUNDING = 1e-5
"""How much float32 may change a margin, relative to the largest logit."""
CHECKS = (
    "gradients vanish",
    "margin does not follow its gradient",
    "optimisation was not at rest",
    "margin jumps under random noise",
    "stands even without a limit to eps",
)


@torch.no_grad()
def diagnose(
    model: nn.Module,
    exact: nn.Module,
    name: str,
    positions: Tensor,
    images: Tensor,
    labels: Tensor,
    norm: Norm,
    eps: float,
    noise: Noise,
    cross_entropy_alone: bool = False,
) -> tuple[Finding, ...]:
    """A finding for each of CHECKS, on robust samples: images [n,C,H,W], labels [n], their positions [n] in the run.

    exact: a faster form of the model that is the same function, or the model itself. cross_entropy_alone: the attacks
    followed no other loss.
    """
    lp = norm_of(norm)
    counting, ascended = CountingModel(model, images.device), CountingModel(exact, images.device)

    def finding(check: str, mask: Tensor, share: float) -> Finding:
        samples = tuple(int(position) for position in positions[mask.cpu()])
        return Finding(name, check, len(samples), len(positions), len(samples) > share * len(positions), samples)

    drawn = [noise.each(lp.draw, images.shape[1:], number, images.device) for number in range(DRAWS)]
    masks = (
        (vanished_gradients(model, images, labels, cross_entropy_alone), 0.0),
        (_gradient_is_wrong(counting, images, labels), 0.1),
        (_not_at_rest(ascended, images, labels, lp, eps, drawn[0]), 0.1),
        (_unstable(model, images, labels, lp, eps, drawn), 0.1),
        (_robust_unbounded(ascended, model, images, labels, lp, drawn[0]), 0.0),
    )
    return tuple(finding(check, mask, share) for check, (mask, share) in zip(CHECKS, masks, strict=True))


def _gradient_is_wrong(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Bool [n]: a tiny step against the gradient does not lower the margin by what the gradient predicts.

    This happens where a model rounds its input and passes the gradient on as if it did not: the margin moves in jumps.
    A gradient of zero predicts no change and passes; that is another check's.
    """
    inputs = x.clone().requires_grad_()
    with torch.enable_grad():
        logits = model(inputs)
        margins = logit_margins(logits, y)
        (gradient,) = torch.autograd.grad(margins.sum(), inputs)
    x_adv = (x - TINY_STEP * gradient.sign()).clamp(0, 1)
    predicted = ((x_adv - x) * gradient).flatten(1).sum(dim=1)
    observed = logit_margins(model(x_adv), y) - margins.detach()
    tolerance = ROUNDING * logits.detach().abs().amax(dim=1)
    wrong: Tensor = ~((observed - predicted).abs() <= FOLLOWS * predicted.abs() + tolerance)
    return wrong


def _not_at_rest(model: nn.Module, x: Tensor, y: Tensor, norm: LpNorm, eps: float, noise: Tensor) -> Tensor:
    """Incomplete optimisation: the best loss, scaled to [0,1], still rose by more than 0.05 in the last 10 steps."""
    radius = torch.full((len(x), 1, 1, 1), eps, dtype=x.dtype, device=x.device)
    start = norm.random_start(x, radius, noise)
    loss_best = ascend(model, x, y, norm, radius, STEPS, "margin", start).losses.cummax(dim=0).values
    rise = loss_best[-1] - loss_best[0]
    late = loss_best[-1] - loss_best[-1 - LAST_STEPS]
    moving: Tensor = late > AT_REST * rise.clamp(min=1e-12)
    return moving


def _unstable(model: nn.Module, x: Tensor, y: Tensor, norm: LpNorm, eps: float, draws: Sequence[Tensor]) -> Tensor:
    """Unstable predictions: the mean relative change of the margin, capped at 1 for each draw, is above 0.1."""
    margins = lowered_margins(model(x), y)
    noisy = [(x + norm.random_perturbation(noise, eps)).clamp(0, 1) for noise in draws]
    changes = torch.stack([(lowered_margins(model(images), y) - margins).abs() for images in noisy])
    relative = changes / margins.abs().clamp(min=1e-12)
    unstable: Tensor = relative.clamp(max=1.0).mean(dim=0) > STEADY
    return unstable


def _robust_unbounded(exact: nn.Module, model: nn.Module, x: Tensor, y: Tensor, norm: LpNorm, noise: Tensor) -> Tensor:
    """Unconstrained attack failure: no image at all is found that the model misclassifies."""
    robust = torch.ones_like(y, dtype=torch.bool)
    for steps in UNBOUNDED_STEPS:
        index = robust.nonzero().flatten()
        if not len(index):
            break
        clean, labels = x[index], y[index]
        radius = torch.full((len(index), 1, 1, 1), norm.diameter(x), dtype=x.dtype, device=x.device)
        start = norm.random_start(clean, radius, noise[index])
        x_adv = ascend(exact, clean, labels, norm, radius, steps, "margin", start).x_best_adv
        robust[index] = lowered_margins(model(x_adv), labels) > 0
    return robust
