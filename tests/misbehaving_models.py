"""Models that misbehave, and some that only seem to: factories for `--arch tests/misbehaving_models.py:NAME`.

All take the weights of the linear models in tests/linear_models.py.
"""

import sys

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.linear_models import FEATURES, Wrapped, linear


class _Randomised(Wrapped):
    def forward(self, x: Tensor) -> Tensor:
        return self.logits(x) + 0.01 * torch.randn(len(x), 1)


class _Dropping(Wrapped):
    """Dropout by F.dropout, which is active in evaluation mode, too: a common mistake."""

    def forward(self, x: Tensor) -> Tensor:
        return self.logits(F.dropout(x))


class _SwitchesMode(Wrapped):
    def forward(self, x: Tensor) -> Tensor:
        self.train()
        return self.logits(x)


class _ChangesStatistics(Wrapped):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        mean: Tensor = self.get_buffer("mean")
        mean.lerp_(x.detach().flatten(1).mean(dim=0), 0.1)
        return self.logits(x)


class _ChangesWeights(Wrapped):
    def forward(self, x: Tensor) -> Tensor:
        logits = self.logits(x)
        with torch.no_grad():
            self.get_parameter("1.weight").mul_(0.999)
        return logits


class _FixedBatchSize(Wrapped):
    """Takes one batch size, and raises for any other."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        return self.logits(x.view(self.size, *x.shape[1:]) if len(x) == self.size else x.view(self.size, 3, 8, 8))


class _AlwaysEight(Wrapped):
    """Returns eight rows for any batch size."""

    def forward(self, x: Tensor) -> Tensor:
        return self.logits(torch.cat([x] * 8)[:8])


class _WrongRows(Wrapped):
    """Right on batches of eight; on others each image gets its neighbour's logits."""

    def forward(self, x: Tensor) -> Tensor:
        logits = self.logits(x)
        return logits if len(x) == 8 else logits.roll(1, dims=0) + len(x)


class _ChangesInput(Wrapped):
    def forward(self, x: Tensor) -> Tensor:
        return self.logits(x.sub_(0.5))


class _BatchNormed(Wrapped):
    """Uses batch statistics in evaluation mode, too."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(FEATURES, affine=False, track_running_stats=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.logits(self.norm(x.flatten(1)))


class _Ending(Wrapped):
    """Ends the program when it is called."""

    def forward(self, x: Tensor) -> Tensor:  # noqa: ARG002
        sys.exit(0)


class _EndingUnderAttack(Wrapped):
    def forward(self, x: Tensor) -> Tensor:
        if bool(((x * 255 - (x * 255).round()).abs() > 1e-3).any()):
            raise _StrangeError
        return self.logits(x)


class _StrangeError(BaseException):
    def __str__(self) -> str:
        raise ValueError("no text either")


class _ReturnsDict(Wrapped):
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"features": x, "loss": self.logits(x).mean()}


class _FeaturesFirst(Wrapped):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = x.flatten(1)
        return features, self.logits(x)


class _LogitsByName(Wrapped):
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"hidden": x.flatten(1), "logits": self.logits(x)}


class _NanSometimes(Wrapped):
    """NaN for images whose first pixel is dark."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x[:, :1, 0, 0] < 0.45, torch.nan, self.logits(x))


class _WithoutParameters(nn.Module):
    """Has its weights as buffers, and no parameters."""

    def __init__(self) -> None:
        super().__init__()
        layer = linear().get_submodule("1")
        assert isinstance(layer, nn.Linear)
        part = nn.Module()
        part.register_buffer("weight", layer.weight.detach())
        part.register_buffer("bias", layer.bias.detach())
        self.add_module("1", part)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x.flatten(1), self.get_buffer("1.weight"), self.get_buffer("1.bias"))


def randomised() -> nn.Module:
    return _Randomised()


def dropping() -> nn.Module:
    return _Dropping()


def switches_mode() -> nn.Module:
    return _SwitchesMode()


def changes_statistics() -> nn.Module:
    return _ChangesStatistics()


def changes_weights() -> nn.Module:
    return _ChangesWeights()


def takes_4() -> nn.Module:
    return _FixedBatchSize(4)


def takes_8() -> nn.Module:
    return _FixedBatchSize(8)


def takes_128() -> nn.Module:
    return _FixedBatchSize(128)


def always_eight() -> nn.Module:
    return _AlwaysEight()


def wrong_rows() -> nn.Module:
    return _WrongRows()


def changes_input() -> nn.Module:
    return _ChangesInput()


def batch_normed() -> nn.Module:
    return _BatchNormed()


def ending() -> nn.Module:
    return _Ending()


def ending_under_attack() -> nn.Module:
    return _EndingUnderAttack()


def returns_dict() -> nn.Module:
    return _ReturnsDict()


def features_first() -> nn.Module:
    return _FeaturesFirst()


def logits_by_name() -> nn.Module:
    return _LogitsByName()


def nan_sometimes() -> nn.Module:
    return _NanSometimes()


def without_parameters() -> nn.Module:
    return _WithoutParameters()


def scripted() -> nn.Module:
    network: nn.Module = torch.jit.script(linear())
    return network
