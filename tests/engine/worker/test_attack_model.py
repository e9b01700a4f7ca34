"""The faster forms of a model: the same function, or not used."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.places import SAMPLE_MODELS
from tests.pretend_gpu import AVAILABLE, PRETEND
from thinice_tui.engine.worker import attack_model as worker_attack_model
from thinice_tui.engine.worker.attack_model import SAME, prepare_attack_model
from thinice_tui.models.classifier import Classifier, Normalization
from thinice_tui.models.load import load_model
from thinice_tui.protocol.settings import Precision

PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")


@pytest.fixture(scope="module")
def probe() -> Tensor:
    with np.load(SAMPLE_MODELS / "cifar10-test-1000.npz") as data:
        return torch.from_numpy(data["images"][:64]).permute(0, 3, 1, 2).contiguous().float() / 255


@pytest.mark.parametrize("name", ["dense", "pruned-99"])
def test_the_sample_models_are_folded_and_equal(name: str, probe: Tensor) -> None:
    judge = load_model(SAMPLE_MODELS / f"{name}.pt").classifier()
    attack_model = prepare_attack_model(judge, probe, "fp32")
    assert (
        attack_model.steps == ("folded batch norms", "ReLUs in place", "channels_last")
        and attack_model.precision == "fp32"
    )
    with torch.no_grad():
        assert (attack_model.module(probe) - judge(probe)).abs().max() < SAME * float(judge(probe).abs().max())
    assert not any(p.requires_grad for p in attack_model.module.parameters()) and not attack_model.module.training


def test_low_precision_is_another_function_nearby_and_its_logits_are_not_rounded(probe: Tensor) -> None:
    judge = load_model(SAMPLE_MODELS / "dense.pt").classifier()
    attack_model = prepare_attack_model(judge, probe, "bf16")
    assert attack_model.precision == "bf16" and "bf16 convolutions" in attack_model.steps
    with torch.no_grad():
        assert torch.allclose(attack_model.exact(probe), judge(probe), atol=1e-4), (
            "for queries, which rounding misleads"
        )
        found, expected = attack_model.module(probe), judge(probe)
    assert 1e-4 < float((found - expected).abs().max()) < 0.2
    assert found.dtype == torch.float32 and not torch.equal(found.bfloat16().float(), found)
    assert torch.equal(judge(probe), expected), "the judge is as it was"


def test_gradients_of_every_form_point_the_same_way(probe: Tensor) -> None:
    judge = load_model(SAMPLE_MODELS / "dense.pt").classifier()
    gradients = []
    for module in (
        judge,
        prepare_attack_model(judge, probe, "fp32").module,
        prepare_attack_model(judge, probe, "bf16").module,
    ):
        inputs = probe.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(module(inputs).logsumexp(dim=1).sum(), inputs)
        gradients.append(gradient.flatten(1))
    alike = [nn.functional.cosine_similarity(gradients[0], other).min() for other in gradients[1:]]
    assert alike[0] > 0.9999 and alike[1] > 0.95


class _Branching(nn.Module):
    """Cannot be traced: what it does depends on its input."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.LazyLinear(5))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.layers(x)
        return logits * 2 if bool(logits.sum() > 0) else logits


class _Uncopyable(_Branching):
    def __deepcopy__(self, memo: object) -> nn.Module:
        raise RuntimeError("no copies")


class _Overflowing(nn.Module):
    """Finite in float32; its features leave bfloat16's precision, and with it every prediction."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 1)
        with torch.no_grad():
            self.conv.weight.mul_(1e-3)
            self.conv.bias.fill_(1000.0)  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = (self.conv(x).mean(dim=(2, 3)) - 1000.0) * 1e4
        return logits


def test_what_cannot_be_traced_or_copied_is_searched_as_far_as_it_can_be(probe: Tensor) -> None:
    torch.manual_seed(0)
    branching, uncopyable = _Branching(), _Uncopyable()
    for network in (branching, uncopyable):
        network(probe)
    judge = Classifier(branching)
    attack_model = prepare_attack_model(judge, probe, "bf16")
    assert "folded batch norms" not in attack_model.steps and "channels_last" in attack_model.steps
    assert any("folded batch norms" in reason for reason in attack_model.refused)
    judge = Classifier(uncopyable)
    attack_model = prepare_attack_model(judge, probe, "bf16")
    assert attack_model.module is judge and attack_model.steps == () and attack_model.precision == "fp32"
    assert len(attack_model.refused) == 4


def test_low_precision_that_changes_predictions_is_not_used(probe: Tensor) -> None:
    torch.manual_seed(0)
    judge = Classifier(_Overflowing(), Normalization("n", (0.5,), (0.25,)))
    with torch.no_grad():
        assert judge(probe).argmax(dim=1).unique().numel() > 1
    attack_model = prepare_attack_model(judge, probe, "bf16")
    assert attack_model.precision == "fp32" and "bf16 convolutions: other logits" in attack_model.refused


def test_a_scripted_module_is_searched(probe: Tensor) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(3600, 5)).eval()
    judge = Classifier(torch.jit.trace(network, probe[:2]))  # type: ignore[no-untyped-call]
    attack_model = prepare_attack_model(judge, probe, "fp32")
    with torch.no_grad():
        assert torch.allclose(attack_model.module(probe), judge(probe), atol=1e-4)


def test_a_random_model_gets_no_other_form(probe: Tensor) -> None:
    class Noisy(_Branching):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x + 0.1 * torch.randn_like(x))

    network = Noisy()
    network(probe)
    judge = Classifier(network)
    assert prepare_attack_model(judge, probe, "fp32").module is judge


class _StraightThrough(torch.autograd.Function):
    """Rounds to 16 levels, and passes the gradient on as if it did not."""

    @staticmethod
    def forward(_: torch.autograd.function.FunctionCtx, x: Tensor) -> Tensor:
        return (x * 15).round() / 15

    @staticmethod
    def backward(_: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:
        return gradient


class _Quantized(nn.Module):
    """A small network behind a rounding of its input, whose gradient is made `by` an autograd function or no_grad."""

    def __init__(self, by: str) -> None:
        super().__init__()
        self.by = by
        self.layers = nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(3600, 5)
        ).eval()

    def forward(self, x: Tensor) -> Tensor:
        if self.by == "function":
            rounded = _StraightThrough.apply(x)  # type: ignore[no-untyped-call]
        else:
            with torch.no_grad():
                change = (x * 15).round() / 15 - x
            rounded = x + change
        logits: Tensor = self.layers(rounded)
        return logits


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("by", ["function", "no_grad"])
def test_a_form_that_loses_the_gradient_is_not_used(by: str, precision: Precision, probe: Tensor) -> None:
    """Tracing records the rounding, whose gradient is 0, where the network passes it on: attacks would see nothing."""
    torch.manual_seed(0)
    judge = Classifier(_Quantized(by))
    attack_model = prepare_attack_model(judge, probe, precision)
    assert "folded batch norms: other gradients" in attack_model.refused
    for form in (attack_model.module, attack_model.exact):
        gradients = []
        for module in (judge, form):
            inputs = probe[:8].clone().requires_grad_()
            gradients.append(torch.autograd.grad(module(inputs).logsumexp(dim=1).sum(), inputs)[0].flatten())
        assert float(nn.functional.cosine_similarity(gradients[0], gradients[1], dim=0)) > 0.9


def test_the_input_is_converted_once_by_the_first_convolution(probe: Tensor) -> None:
    judge = load_model(SAMPLE_MODELS / "dense.pt").classifier()
    form = prepare_attack_model(judge, probe, "fp32").module
    first = next(module for module in form.modules() if isinstance(module, nn.Conv2d))
    given, made = list[Tensor](), list[Tensor]()

    def watch(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        given.extend(inputs)
        made.append(output)

    first.register_forward_hook(watch)
    with torch.no_grad():
        form(probe)
    assert given[0].is_contiguous() and made[0].is_contiguous(memory_format=torch.channels_last)


def weights_are_channels_last(form: nn.Module) -> bool:
    wide = [module.weight for module in form.modules() if isinstance(module, nn.Conv2d) and module.weight.shape[2] > 1]
    return all(weight.is_contiguous(memory_format=torch.channels_last) for weight in wide)


@pytest.mark.skipif(not AVAILABLE, reason="this torch lets no Python code be a backend")
@pytest.mark.parametrize("precision", ["fp32", "tf32"])
def test_on_gpus_the_layout_is_that_of_the_precision_and_queries_stay_in_fp32(
    precision: Precision, probe: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_attack_model, "why_no_tf32", lambda _: "")
    judge = load_model(SAMPLE_MODELS / "pruned-99.pt").classifier().to(PRETEND)
    attack_model = prepare_attack_model(judge, probe[:4].to(PRETEND), precision)
    assert attack_model.precision == precision and not attack_model.refused
    assert not weights_are_channels_last(attack_model.exact)
    assert weights_are_channels_last(attack_model.module) == (precision == "tf32")
    assert (attack_model.module is attack_model.exact) == (precision == "fp32")
    assert ("TF32" in attack_model.steps) == (precision == "tf32")


def test_a_device_without_tf32_is_searched_in_fp32(probe: Tensor) -> None:
    attack_model = prepare_attack_model(load_model(SAMPLE_MODELS / "pruned-99.pt").classifier(), probe, "tf32")
    assert attack_model.precision == "fp32" and attack_model.refused == ("TF32: cpu has no TF32",)
