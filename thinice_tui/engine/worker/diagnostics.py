"""Whether attacks on a model could do their work: what makes robust accuracy look better than it is.

The indicators of attack failure of Pintor et al. 2022 (arXiv 2106.09947), on samples that still stand, AutoAttack's
check for zero gradients, and whether the gradient is the function's own, all in full precision on the model as it is,
and all of the logit margin, so that a model's scale does not matter. Their "silent success" cannot
happen here (of every run the iterate of lowest margin is kept), nor their "transfer failure" (each model is attacked
itself).
"""

import torch
from torch import Tensor, nn

from thinice_tui.attacks.apgd import ascend
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.losses import logit_margins, lowered_margins
from thinice_tui.attacks.registry import seeded
from thinice_tui.engine.preflight.gradients import vanished_gradients
from thinice_tui.protocol.threat_model import Norm
from thinice_tui.runfile.records import Finding

EXAMINED = 32
"""Standing samples of each model that are looked at."""
STEPS = 100
UNBOUNDED_STEPS = 20
LAST_STEPS = 10
AT_REST = 0.05
"""Of the loss's whole rise, what the last steps may still add."""
DRAWS = 10
STEADY = 0.1
"""The mean relative change of the margin under random noise of size eps up to which it can be trusted."""
TINY_STEP = 0.05 / 255
"""Of each pixel: smaller than the step of any rounded input, large enough for float32."""
FOLLOWS = 0.5
"""How far the margin's change over a tiny step may be from what its gradient says, relative to that."""
ROUNDING = 1e-5
"""Of the largest logit, by how much float32 may change a margin."""
EXAMINATION = (
    "gradients vanish",
    "margin does not follow its gradient",
    "optimisation was not at rest",
    "margin jumps under random noise",
    "stands even without a limit to eps",
)


@torch.no_grad()
def examine(
    model: nn.Module,
    name: str,
    positions: Tensor,
    images: Tensor,
    labels: Tensor,
    norm: Norm,
    eps: float,
    seed: int,
) -> tuple[Finding, ...]:
    """Look at standing samples: images [n,C,H,W], labels [n], their positions [n] in the run.

    Returns a finding for each of EXAMINATION.
    """
    metered = CountingModel(model, images.device)

    def finding(check: str, mask: Tensor, share: float) -> Finding:
        samples = tuple(int(position) for position in positions[mask.cpu()])
        return Finding(name, check, len(samples), len(positions), len(samples) > share * len(positions), samples)

    with seeded(seed):
        masks = (
            (vanished_gradients(model, images, labels), 0.0),
            (_unfollowed(metered, images, labels), 0.1),
            (_unfinished(metered, images, labels, norm, eps), 0.1),
            (_unsteady(model, images, labels, norm, eps), 0.1),
            (_standing_unbounded(metered, images, labels, norm), 0.0),
        )
        return tuple(finding(check, mask, share) for check, (mask, share) in zip(EXAMINATION, masks, strict=True))


def _unfollowed(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """The gradient is not the function's: a tiny step against it does not lower the margin as it says.

    So it is where an input is rounded, and its gradient passed on as if it were not: the margin moves in jumps. Where
    the gradient says nothing, that is another check's.
    """
    inputs = x.clone().requires_grad_()
    with torch.enable_grad():
        logits = model(inputs)
        margins = logit_margins(logits, y)
        (gradient,) = torch.autograd.grad(margins.sum(), inputs)
    moved = (x - TINY_STEP * gradient.sign()).clamp(0, 1)
    said = ((moved - x) * gradient).flatten(1).sum(dim=1)
    seen = logit_margins(model(moved), y) - margins.detach()
    tolerance = ROUNDING * logits.detach().abs().amax(dim=1)
    unfollowed: Tensor = ~((seen - said).abs() <= FOLLOWS * said.abs() + tolerance)
    return unfollowed


def _unfinished(model: nn.Module, x: Tensor, y: Tensor, norm: Norm, eps: float) -> Tensor:
    """Incomplete optimisation: the best loss, scaled to [0,1], still rose by more than 0.05 in the last 10 steps."""
    radius = torch.full((len(x), 1, 1, 1), eps, dtype=x.dtype, device=x.device)
    best = ascend(model, x, y, norm, radius, STEPS, "margin").losses.cummax(dim=0).values
    rise = best[-1] - best[0]
    late = best[-1] - best[-1 - LAST_STEPS]
    moving: Tensor = late > AT_REST * rise.clamp(min=1e-12)
    return moving


def _unsteady(model: nn.Module, x: Tensor, y: Tensor, norm: Norm, eps: float) -> Tensor:
    """Unstable predictions: the mean relative change of the margin, each draw's capped at 1, is above 0.1."""
    margins = lowered_margins(model(x), y)
    noisy = [(x + _noise(x, norm, eps)).clamp(0, 1) for _ in range(DRAWS)]
    changes = torch.stack([(lowered_margins(model(images), y) - margins).abs() for images in noisy])
    relative = changes / margins.abs().clamp(min=1e-12)
    unsteady: Tensor = relative.clamp(max=1.0).mean(dim=0) > STEADY
    return unsteady


def _standing_unbounded(model: nn.Module, x: Tensor, y: Tensor, norm: Norm) -> Tensor:
    """Unconstrained attack failure: no image at all is found that is misclassified (NaN is no class)."""
    largest = 1.0 if norm == "Linf" else float(x[0].numel()) ** 0.5
    radius = torch.full((len(x), 1, 1, 1), largest, dtype=x.dtype, device=x.device)
    standing: Tensor = ascend(model, x, y, norm, radius, UNBOUNDED_STEPS, "margin").margins > 0
    return standing


def _noise(x: Tensor, norm: Norm, eps: float) -> Tensor:
    """Uniform in the cube (Linf), or a random direction of length eps (L2)."""
    noise: Tensor
    if norm == "Linf":
        noise = 2 * torch.rand(x.shape) - 1
    else:
        direction = torch.randn(x.shape)
        noise = direction / direction.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    return eps * noise.to(x.device)
