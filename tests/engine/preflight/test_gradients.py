"""Gradients before the attacks: warnings where they vanish or the forward pass computes its own, errors without any."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import grad as imported_grad

from tests.linear_models import Files
from tests.places import LINEAR_MODELS
from thinice_tui.data.samples import Samples
from thinice_tui.data.spec import read_samples
from thinice_tui.engine.preflight.gradients import DifferentiationDetector, check_gradients
from thinice_tui.errors import ModelError
from thinice_tui.models.load import LoadedModel, load_model

CPU = torch.device("cpu")


def loaded(files: Files, name: str) -> LoadedModel:
    return load_model(files.dense, f"{LINEAR_MODELS}:{name}")


@pytest.fixture
def samples(files: Files) -> Samples:
    return read_samples(str(files.data))


@pytest.mark.parametrize(
    ("arch", "words"),
    [
        ("linear", ""),
        ("staircase", "gradients are zero on"),
        ("defending", "its forward pass computes gradients"),
    ],
)
def test_unusable_gradients_are_warned_of(files: Files, samples: Samples, arch: str, words: str) -> None:
    results = check_gradients(loaded(files, arch), samples, CPU)
    warnings = [result.warning for result in results if result.warning]
    assert len(warnings) == bool(words) and all(words in warning for warning in warnings)
    assert [result.finding("dense").doubtful for result in results] == [bool(result.failed) for result in results]


def test_a_model_without_gradients_is_refused(files: Files, samples: Samples) -> None:
    with pytest.raises(ModelError, match="has no gradient"):
        check_gradients(loaded(files, "undifferentiable"), samples, CPU)


def loss(x: Tensor) -> Tensor:
    return (x**2).sum()


def by_backward(x: Tensor) -> Tensor:
    loss(x).backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    return x.grad


WAYS: dict[str, Callable[[Tensor], Tensor]] = {
    "torch.autograd.grad": lambda x: torch.autograd.grad(loss(x), x)[0],
    "grad, imported by name": lambda x: imported_grad(outputs=[loss(x)], inputs=[x])[0],
    "Tensor.backward": by_backward,
    "torch.func.grad": lambda x: torch.func.grad(loss)(x),
    "torch.autograd.functional": lambda x: torch.autograd.functional.vjp(loss, x)[1],  # type: ignore[no-untyped-call]
}


class Dynamic(nn.Module):
    """Moves its input along a gradient that it computes in one of the WAYS."""

    def __init__(self, inner: nn.Module, way: str) -> None:
        super().__init__()
        self.inner, self.way = inner, way

    def forward(self, images: Tensor) -> Tensor:
        with torch.enable_grad():
            gradient = WAYS[self.way](images.detach().clone().requires_grad_())
        assert torch.equal(gradient, 2 * images.detach()), "the detector changes no result"
        logits: Tensor = self.inner(images + 1e-6 * gradient.detach())
        return logits


@pytest.mark.parametrize("way", WAYS)
def test_a_forward_pass_that_differentiates_is_detected_however_it_does(
    files: Files, samples: Samples, way: str
) -> None:
    model = loaded(files, "linear")
    result, _ = check_gradients(replace(model, network=Dynamic(model.network, way)), samples, CPU)
    assert result.failed == len(samples) and result.warning


def test_the_detector_ends_with_its_block_and_passes_errors_on() -> None:
    x = torch.ones(3, requires_grad=True)
    with DifferentiationDetector() as detector:
        loss(x)
    torch.autograd.grad(loss(x), x)
    assert not detector.detected
    with pytest.raises(RuntimeError, match="does not require grad"), DifferentiationDetector() as detector:
        loss(torch.ones(3)).backward()  # type: ignore[no-untyped-call]
    assert detector.detected
