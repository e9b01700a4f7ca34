"""TorchScript and torch.export files, which are loaded only where they are trusted."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from thinice_tui.models.load import load_model

NAME = "cifar_resnet18"


def small() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 900, 10)).eval()


def images(n: int = 5) -> Tensor:
    return torch.rand(n, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", ["script", "trace"])
def test_torchscript(way: str, tmp_path: Path) -> None:
    network = small()
    with torch.no_grad():
        conv = network.get_submodule("0")
        assert isinstance(conv, nn.Conv2d)
        conv.weight[0] = 0
    scripted = torch.jit.script(network) if way == "script" else torch.jit.trace(network, images(2))  # type: ignore[no-untyped-call]
    torch.jit.save(scripted, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt", trust=True)
    assert model.checkpoint.form == "TorchScript" and model.checkpoint.trusted
    assert torch.allclose(model.classifier()(images()), network(images()), atol=1e-5)
    assert {layer.name: layer.zeros for layer in model.sparsity.layers}["0"] == 27
    for arch in (NAME, "absent.py"):
        named = load_model(tmp_path / "a.pt", arch, trust=True)
        assert f"--arch {arch} is not used: the file holds a whole network" in named.notes
        assert torch.allclose(named.classifier()(images()), network(images()), atol=1e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("batch", ["any", "2"])
def test_an_exported_program_takes_any_batch(batch: str, tmp_path: Path) -> None:
    """Also a program exported for batches of two: images pass in twos, and the last one is repeated."""
    network = small()
    shapes = {"input": {0: torch.export.Dim("n")}} if batch == "any" else None
    torch.export.save(torch.export.export(network, (images(2),), dynamic_shapes=shapes), tmp_path / "a.pt2")
    model = load_model(tmp_path / "a.pt2", trust=True)
    assert model.checkpoint.form == "torch.export"
    classifier = model.classifier()
    for n in (1, 2, 5):
        x = images(n).requires_grad_(True)
        found = classifier(x)
        assert torch.allclose(found, network(x), atol=1e-5)
        (gradient,) = torch.autograd.grad(found.sum(), x)
        assert gradient.abs().sum() > 0
    assert model.sparsity.parameters == sum(p.numel() for p in network.parameters())
    assert model.sparsity.layers, "its layers are named by its parameters"
    assert any("batches of 2" in note for note in model.notes) == (batch == "2")
