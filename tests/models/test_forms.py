"""The other forms in which models are saved: safetensors, TorchScript, torch.export, torch's old format."""

import json
import struct
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.models.reference import REFERENCES, State
from thinice_tui.errors import UsageError
from thinice_tui.models.architectures.known import KNOWN
from thinice_tui.models.load import load_model

NAME = "cifar_resnet18"
CODES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64", torch.uint8: "U8"}


def write_safetensors(state: State, path: Path, metadata: dict[str, str] | None = None) -> None:
    """By the format's description: header length, header, numbers."""
    header: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    blocks = []
    at = 0
    for name, value in state.items():
        block = value.contiguous().view(torch.uint8).numpy().tobytes() if value.ndim else value.numpy().tobytes()
        header[name] = {"dtype": CODES[value.dtype], "shape": list(value.shape), "data_offsets": [at, at + len(block)]}
        blocks.append(block)
        at += len(block)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blocks))


def live(state: State) -> nn.Module:
    network = KNOWN[NAME].make({key: tuple(value.shape) for key, value in state.items()})
    network.load_state_dict(state, assign=True)
    return network.eval()


def small() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 900, 10)).eval()


def images(n: int = 5) -> Tensor:
    return torch.rand(n, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_safetensors(dtype: torch.dtype, tmp_path: Path) -> None:
    state = REFERENCES[NAME].make(10, 3)
    stored = {key: value.to(dtype) if value.is_floating_point() else value for key, value in state.items()}
    wrapped = {f"module.{key}": value for key, value in stored.items()}
    write_safetensors(wrapped, tmp_path / "a.safetensors", {"normalization": "svhn"})
    model = load_model(tmp_path / "a.safetensors")
    assert model.checkpoint.form == "safetensors" and model.arch.startswith(NAME)
    assert model.normalization is not None and model.normalization.name == "svhn"
    for name, parameter in model.network.named_parameters():
        assert torch.equal(parameter, stored[name].float())


def test_the_old_format(tmp_path: Path) -> None:
    state = REFERENCES[NAME].make(10, 3)
    torch.save({"state_dict": state}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    model = load_model(tmp_path / "a.pth")
    assert model.checkpoint.form == "torch legacy" and model.arch.startswith(NAME)


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
    with pytest.raises(UsageError, match="holds a whole network"):
        load_model(tmp_path / "a.pt", NAME, trust=True)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("batch", ["any", "2"])
def test_an_exported_program_takes_any_batch(batch: str, tmp_path: Path) -> None:
    """Also one that was exported for batches of two: images go through in twos, the last one doubled."""
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
