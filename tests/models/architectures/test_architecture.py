"""An architecture is ruled out at a glance, and built in any sizes."""

import torch
from torch import Tensor

from thinice_tui.models.architectures.architecture import Architecture
from thinice_tui.models.architectures.preact_resnet8 import PreActResNet8

ARCHITECTURE = Architecture(
    "net", PreActResNet8, "stem.weight", marks=("fc.bias",), absent=("layer4.bias",), kernel=("stem.weight", 3)
)


def state(*names: str, kernel: int = 3) -> dict[str, Tensor]:
    return {name: torch.zeros(8, 3, kernel, kernel) for name in names}


def test_names_and_a_kernel_rule_an_architecture_out() -> None:
    assert ARCHITECTURE.may_fit(state("stem.weight", "fc.bias", "other"))
    assert not ARCHITECTURE.may_fit(state("stem.weight"))
    assert not ARCHITECTURE.may_fit(state("fc.bias"))
    assert not ARCHITECTURE.may_fit(state("stem.weight", "fc.bias", "layer4.bias"))
    assert not ARCHITECTURE.may_fit(state("stem.weight", "fc.bias", kernel=7))
    assert not ARCHITECTURE.may_fit({"stem.weight": torch.zeros(3), "fc.bias": torch.zeros(3)})


def test_a_network_is_made_without_values_or_with_random_ones() -> None:
    bare = ARCHITECTURE.make({"stem.weight": (5, 1, 3, 3)}, 7)
    assert all(value.is_meta for value in bare.state_dict().values())
    assert bare.state_dict()["stem.weight"].shape == (5, 1, 3, 3) and bare.state_dict()["fc.weight"].shape[0] == 7
    assert not any(value.is_meta for value in ARCHITECTURE.random().state_dict().values())
