"""Whether attacks on a model could do their work: what makes robust accuracy look better than it is.

The indicators of attack failure of Pintor et al. 2022 (arXiv 2106.09947), on samples that still stand, and
AutoAttack's check for zero gradients, all in full precision on the model as it is. Their "silent success" cannot
happen here (of every run the iterate of lowest margin is kept), nor their "transfer failure" (each model is attacked
itself).
"""

import torch
from torch import Tensor, nn

from thinice_tui.attacks.apgd import ascend
from thinice_tui.attacks.losses import logit_margins
from thinice_tui.attacks.stages import seeded
from thinice_tui.engine.gradients import vanished_gradients
from thinice_tui.runfile.records import Finding
from thinice_tui.settings import Norm

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
    """Look at standing samples: images [n,C,H,W], labels [n], their positions [n] in the run."""

    def finding(check: str, mask: Tensor, share: float) -> Finding:
        samples = tuple(int(position) for position in positions[mask.cpu()])
        return Finding(name, check, len(samples), len(positions), len(samples) > share * len(positions), samples)

    with seeded(seed):
        return (
            finding("gradients vanish", vanished_gradients(model, images, labels), 0.0),
            finding("optimisation was not at rest", _unfinished(model, images, labels, norm, eps), 0.1),
            finding("margin jumps under random noise", _unsteady(model, images, labels, norm, eps), 0.1),
            finding("stands even without a limit to eps", _standing_unbounded(model, images, labels, norm), 0.0),
        )


def _unfinished(model: nn.Module, x: Tensor, y: Tensor, norm: Norm, eps: float) -> Tensor:
    """Incomplete optimisation: the best loss, scaled to [0,1], still rose by more than 0.05 in the last 10 steps."""
    radius = torch.full((len(x), 1, 1, 1), eps, dtype=x.dtype, device=x.device)
    best = ascend(model, x, y, norm, radius, STEPS, "ce").losses.cummax(dim=0).values
    rise = best[-1] - best[0]
    late = best[-1] - best[-1 - LAST_STEPS]
    moving: Tensor = late > AT_REST * rise.clamp(min=1e-12)
    return moving


def _unsteady(model: nn.Module, x: Tensor, y: Tensor, norm: Norm, eps: float) -> Tensor:
    """Unstable predictions: the mean relative change of the margin, each draw's capped at 1, is above 0.1."""
    margins = logit_margins(model(x), y)
    noisy = [(x + _noise(x, norm, eps)).clamp(0, 1) for _ in range(DRAWS)]
    changes = torch.stack([(logit_margins(model(images), y) - margins).abs() for images in noisy])
    relative = changes / margins.abs().clamp(min=1e-12)
    unsteady: Tensor = relative.clamp(max=1.0).mean(dim=0) > STEADY
    return unsteady


def _standing_unbounded(model: nn.Module, x: Tensor, y: Tensor, norm: Norm) -> Tensor:
    """Unconstrained attack failure: no image at all is found that is misclassified."""
    largest = 1.0 if norm == "Linf" else float(x[0].numel()) ** 0.5
    radius = torch.full((len(x), 1, 1, 1), largest, dtype=x.dtype, device=x.device)
    standing: Tensor = ascend(model, x, y, norm, radius, UNBOUNDED_STEPS, "ce").margins > 0
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
