"""APGD in all its forms, on torchattacks' APGD.

One class for the four losses, for two reasons. torchattacks' APGDT uses the first sample's step size
for the whole batch under L2 (apgdt.py:200), its APGD does not; and both hand back the clean image
where they fail, whereas we want the worst point they saw: its logits are the sample's margin under
attack. Where the attack succeeds, images are bit for bit torchattacks' own.
"""

from typing import Literal

import torch
import torchattacks
from torch import Tensor

Loss = Literal["ce", "dlr", "margin", "targeted"]


class Apgd(torchattacks.APGD):  # type: ignore[misc]
    """Auto-PGD (Croce and Hein 2020, arXiv 2003.01690), `runs` times on what still stands.

    loss: cross-entropy; DLR (their equation 6); logit margin; or targeted DLR (their equation 7)
    against the run's target class, the second most likely class first.
    """

    def __init__(
        self, model: torch.nn.Module, norm: str, eps: float, steps: int, runs: int, seed: int, loss: Loss
    ) -> None:
        super().__init__(model, norm=norm, eps=eps, steps=steps, seed=seed, loss="ce" if loss == "ce" else "dlr")
        self.runs = runs
        self.form = loss
        self.target_rank = 0

    def perturb(self, x: Tensor, y: Tensor, best_loss: bool = False, cheap: bool = True) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        """Which samples still stand, and for each the image of lowest margin among the runs' results."""
        torch.manual_seed(self.seed)
        worst = x.clone()
        logits = self.get_logits(x)
        standing = logits.argmax(1) == y
        lowest = torch.full(y.shape, torch.inf, device=x.device)
        for run in range(self.runs):
            index = standing.nonzero().flatten()
            if not index.numel():
                break
            self.target_rank = run + 2
            strongest, held, _, broken = self.attack_single_run(x[index], y[index])
            held = held.bool()
            images = torch.where(held.view(-1, 1, 1, 1), strongest, broken)
            margins = logit_margins(self.get_logits(images), y[index])
            better = ~held | (margins < lowest[index])
            worst[index[better]] = images[better]
            lowest[index[better]] = margins[better]
            standing[index] = held
        return standing, worst

    def attack_single_run(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """One run; for the targeted loss, against each sample's class of the current rank."""
        if self.form == "targeted":
            self._target = self.get_logits(x).sort(dim=1)[1][:, -self.target_rank]
        result: tuple[Tensor, Tensor, Tensor, Tensor] = super().attack_single_run(x, y)
        return result

    def dlr_loss(self, x: Tensor, y: Tensor) -> Tensor:
        """The loss of `form` on logits x [n,C] and labels y [n]; higher is worse for the model."""
        if self.form == "margin":
            return -logit_margins(x, y)
        if self.form == "targeted":
            ordered = x.sort(dim=1)[0]
            rows = torch.arange(len(x), device=x.device)
            scale = ordered[:, -1] - 0.5 * ordered[:, -3] - 0.5 * ordered[:, -4] + 1e-12
            return -(x[rows, y] - x[rows, self._target]) / scale
        loss: Tensor = super().dlr_loss(x, y)
        return loss


def logit_margins(logits: Tensor, labels: Tensor) -> Tensor:
    """z_y − max over j≠y of z_j, for logits [n,C] and labels [n]; negative: misclassified."""
    rows = torch.arange(len(labels), device=logits.device)
    others = logits.clone()
    others[rows, labels] = -torch.inf
    return logits[rows, labels] - others.amax(dim=1)
