"""What attacks do to models, kept away from them."""

import pytest
import torch

from tests.attacks.injected_noise import noise_for
from tests.attacks.stages import OTHERS, STRONG
from tests.linear_models import make_task, module
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.registry import attack_batch
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.ensembles import Stage, build_ensemble
from thinice_tui.protocol.threat_model import NORMS, Norm

CPU = torch.device("cpu")


def small_model() -> Classifier:
    torch.manual_seed(0)
    layers = [torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten()]
    return Classifier(torch.nn.Sequential(*layers, torch.nn.Linear(144, 5)))


def test_an_attack_leaves_batch_norm_and_gradients_alone() -> None:
    model, task = small_model(), make_task(8)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    images = torch.from_numpy(task.images)
    labels = model(images).argmax(1)
    counting = CountingModel(model, CPU)
    counting.train()
    for stage in build_ensemble("quick", 5):
        attack_batch(stage, counting, images, labels, "Linf", 8 / 255, noise_for(images))
    assert not model.training and not counting.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_passes_are_counted_in_images() -> None:
    task = make_task(6)
    model = CountingModel(Classifier(module(task.weight)), CPU)
    images, labels = torch.from_numpy(task.images), torch.from_numpy(task.labels)
    attack_batch(build_ensemble("pgd-7", 5)[0], model, images, labels, "Linf", 1e-4, noise_for(images))
    assert (model.forwards, model.backwards) == (42, 42)


def test_the_watcher_can_stop_an_attack_within_one_pass() -> None:
    class StopHere(Exception):
        pass

    def watch(model: CountingModel) -> None:
        if model.forwards > 6:
            raise StopHere

    task = make_task(6)
    model = CountingModel(Classifier(module(task.weight)), CPU, watch)
    with pytest.raises(StopHere):
        attack_batch(
            build_ensemble("standard", 5)[4],
            model,
            torch.from_numpy(task.images),
            torch.from_numpy(task.labels),
            "Linf",
            1e-4,
            noise_for(torch.from_numpy(task.images)),
        )
    assert 6 < model.forwards <= 12


def test_a_model_without_parameters_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    class Pooling(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean(dim=(2, 3)) * 10

    images = torch.from_numpy(make_task(4).images)
    model = Classifier(Pooling())
    labels = model(images).argmax(1)
    attack_batch(
        build_ensemble("pgd-3", 3)[0],
        CountingModel(model, CPU),
        images,
        labels,
        "Linf",
        0.1,
        noise_for(images),
    )
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("stage", [*STRONG, *OTHERS], ids=lambda stage: stage.name)
def test_gradients_reach_an_attack_contiguous_whatever_layout_the_model_computes_in(stage: Stage, norm: Norm) -> None:
    """torchattacks' L2 forms call `.view` on gradients, which fails on those of a channels_last model."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3), torch.nn.Flatten(), torch.nn.Linear(576, 5))
    model = Classifier(network.to(memory_format=torch.channels_last))  # type: ignore[call-overload]
    images = torch.from_numpy(make_task(4).images)
    labels = model(images).argmax(1)
    inputs = images.clone().requires_grad_()
    (bare,) = torch.autograd.grad(model.network(inputs.contiguous(memory_format=torch.channels_last)).sum(), inputs)
    assert not bare.is_contiguous(), "else this test shows nothing"
    counting = CountingModel(torch.nn.Sequential(ChannelsLast(), model.network), CPU)
    (gradient,) = torch.autograd.grad(counting(inputs).sum(), inputs)
    assert gradient.is_contiguous() and torch.allclose(gradient, bare)
    short = Stage(stage.name, stage.kind, 5, 1, stage.targets)
    assert attack_batch(short, counting, images, labels, norm, 0.1, noise_for(images)).shape == images.shape


class ChannelsLast(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.contiguous(memory_format=torch.channels_last)
