"""Networks whose own code masks weights or channels as it runs; factories for `--arch tests/models/masked_networks.py`.

Most take images [N,3,8,8], all have 4 classes. `effective` of a layer is its weight after the mask, by its formula.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

CLASSES = 4


class MaskedConv(nn.Conv2d):
    """`weight` × the buffer `mask`."""

    def __init__(self) -> None:
        super().__init__(3, 6, 3)
        self.register_buffer("mask", (torch.rand(6, 3, 3, 3) > 0.7).float())

    def effective(self) -> Tensor:
        mask: Tensor = self.get_buffer("mask")
        return self.weight.detach() * mask

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.get_buffer("mask"), self.bias)


class GatedLinear(nn.Module):
    """A layer of its own class: `w` × the buffer `gate` of its rows."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(CLASSES, 6))
        self.register_buffer("gate", torch.tensor([1.0, 0.0, 1.0, 1.0]))

    def effective(self) -> Tensor:
        return self.w.detach() * self.get_buffer("gate")[:, None]

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.w * self.get_buffer("gate")[:, None])


class ScoredConv(nn.Conv2d):
    """HYDRA's layer: `weight` × the top 40 % of |`popup_scores`|."""

    def __init__(self) -> None:
        super().__init__(3, 6, 3)
        self.popup_scores = nn.Parameter(torch.randn(6, 3, 3, 3))

    def effective(self) -> Tensor:
        scores = self.popup_scores.detach().abs().flatten()
        mask = torch.ones(scores.numel())
        mask[scores.sort().indices[: int(0.6 * scores.numel())]] = 0
        return self.weight.detach() * mask.view_as(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.effective(), self.bias)


class TwinConv(nn.Module):
    """TwinRep's layer: `aux_weight` × `weight` × `mask`, all three of one shape."""

    def __init__(self) -> None:
        super().__init__()
        self.aux_weight = nn.Parameter(torch.randn(6, 3, 3, 3))
        self.weight = nn.Parameter(torch.randn(6, 3, 3, 3))
        self.mask = nn.Parameter((torch.rand(6, 3, 3, 3) > 0.4).float())

    def effective(self) -> Tensor:
        return (self.aux_weight * self.weight * self.mask).detach()

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.aux_weight * self.weight * self.mask)


class Half(nn.Module):
    """A parametrisation without a state: the first half of the rows is zero."""

    def forward(self, weight: Tensor) -> Tensor:
        return torch.cat([torch.zeros_like(weight[: len(weight) // 2]), weight[len(weight) // 2 :]])


class GatedChannels(nn.Module):
    """A convolution whose channels the buffer `gate` switches off after it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)
        self.register_buffer("gate", torch.tensor([1.0, 0.0, 1.0, 0.0, 0.0, 1.0]))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x) * self.get_buffer("gate")[:, None, None]
        return y


class Failing(MaskedConv):
    """Takes images of 7×9 pixels only."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.view(len(x), 3, 7, 9))


class Attention(nn.Module):
    """A layer of attention over 36 places."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)
        with torch.no_grad():
            self.attention.in_proj_weight[:9] = 0

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x).flatten(2).transpose(1, 2)
        z: Tensor = self.attention(y, y, y)[0]
        return z.transpose(1, 2)[..., None]


class Randomly(nn.Conv2d):
    """Draws random numbers, prints nothing, and counts its passes in a buffer."""

    def __init__(self) -> None:
        super().__init__(3, 6, 3)
        self.register_buffer("passes", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.get_buffer("passes").add_(1)
        return F.conv2d(x, self.weight * (torch.rand_like(self.weight) > 0.5), self.bias)


def network(first: nn.Module, last: nn.Module | None = None) -> nn.Module:
    head = nn.Linear(6, CLASSES) if last is None else last
    return nn.Sequential(first, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head).eval()


def gated_head() -> nn.Module:
    return network(nn.Conv2d(3, 6, 3), GatedLinear())


def parametrized() -> nn.Module:
    conv = nn.Conv2d(3, 6, 3)
    parametrize.register_parametrization(conv, "weight", Half())
    return network(conv)
