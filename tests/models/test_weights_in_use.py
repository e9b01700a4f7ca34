"""A trial pass records the weights that layers really get, and leaves no trace."""

import sys
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tests.models import masked_networks
from tests.models.masked_networks import GatedLinear, MaskedConv, Randomly, network
from thinice_tui.models.weights_in_use import UsedWeight, effective_weights, run_trial_pass


def zeros(weight: Tensor) -> int:
    return int((weight == 0).sum())


GRAPHS: dict[str, Callable[[nn.Module, Tensor], nn.Module]] = {
    "traced": lambda n, x: torch.jit.trace(n, x),  # type: ignore[no-untyped-call]
    "exported": lambda n, x: torch.export.export(n, (x,)).module(),
}


def test_weights_are_recorded_with_their_layer_and_tensor() -> None:
    first, last = MaskedConv(), nn.Linear(6, 4, bias=False)
    found = run_trial_pass(network(first, last)).weights
    assert found == (
        UsedWeight("0", "", (6, 3, 3, 3), zeros(first.effective()), first.weight),
        UsedWeight("4", "4.weight", (4, 6), 0, last.weight),
    )
    assert torch.equal(found[0].value, first.effective()) and torch.equal(found[1].value, last.weight)


def test_effective_weights_have_the_names_of_the_stored_ones() -> None:
    first, last = masked_networks.ScoredConv(), GatedLinear()
    found = effective_weights(network(first, last))
    assert list(found) == ["0.weight", "4.w"]
    assert torch.equal(found["0.weight"], first.effective()) and torch.equal(found["4.w"], last.effective())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", GRAPHS)
def test_masks_in_a_graph_are_operators(way: str) -> None:
    first, last = MaskedConv(), GatedLinear()
    graph = GRAPHS[way](network(first, last), torch.rand(1, 3, 32, 32))
    found = {used.shape: used.zeros for used in run_trial_pass(graph).weights}
    assert found == {(6, 3, 3, 3): zeros(first.effective()), (4, 6): zeros(last.effective())}


@pytest.mark.parametrize(
    "first",
    [nn.Linear(3 * 8 * 8, 4), nn.Linear(28 * 28, 4), nn.Conv2d(1, 4, 28), nn.Conv2d(3, 4, 64), nn.Conv2d(3, 4, 8)],
    ids=str,
)
def test_the_size_of_images_is_found(first: nn.Module) -> None:
    """Each network ends with a layer that one size of images fits."""
    layers = [nn.Flatten(), first] if isinstance(first, nn.Linear) else [first, nn.Flatten(), nn.Linear(4, 3)]
    found = run_trial_pass(nn.Sequential(*layers))
    assert found.failure == "" and len(found.weights) == sum(isinstance(m, (nn.Linear, nn.Conv2d)) for m in layers)


def test_a_pass_changes_neither_the_network_nor_the_random_state() -> None:
    subject = network(Randomly())
    before, drawn = torch.get_rng_state(), run_trial_pass(subject)
    assert drawn.weights and torch.equal(torch.get_rng_state(), before)
    assert subject.get_buffer("0.passes") == 0
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in subject.modules())
    assert drawn == run_trial_pass(subject)


@pytest.mark.parametrize("error", [RuntimeError("odd"), SystemExit(3), AssertionError()], ids=repr)
def test_whatever_its_code_raises_is_a_reason(error: BaseException) -> None:
    class Raising(masked_networks.MaskedConv):
        def forward(self, x: Tensor) -> Tensor:  # noqa: ARG002
            raise error

    found = run_trial_pass(network(Raising()))
    assert found.weights == () and found.failure.startswith(type(error).__name__)


def test_a_network_that_cannot_be_copied_or_has_no_layers_gives_a_reason() -> None:
    subject = network(nn.Conv2d(3, 6, 3))
    subject.module = sys  # type: ignore[assignment]
    assert "TypeError" in run_trial_pass(subject).failure
    assert run_trial_pass(nn.ReLU()).failure
