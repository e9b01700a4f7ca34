"""Tensors that stored graphs create follow their network to another device."""

import io

import pytest
import torch
from torch import Tensor, fx, nn

from tests.pretend_gpu import AVAILABLE, PRETEND
from thinice_tui.models.classifier import Classifier
from thinice_tui.models.graph_constants import move_graph_constants


class Creating(nn.Module):
    """Subtracts and adds tensors that its forward pass creates."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(12, 3)

    def forward(self, images: Tensor) -> Tensor:
        shifted = images - (torch.zeros(1, 3, 1, 1) + 0.5)
        logits: Tensor = self.linear(shifted.flatten(1)) + torch.arange(3)
        return logits


IMAGES = torch.rand(4, 3, 2, 2)


def exported() -> nn.Module:
    stored = io.BytesIO()
    program = torch.export.export(Creating(), (IMAGES,), dynamic_shapes=({0: torch.export.Dim("n", max=64)},))
    torch.export.save(program, stored)
    stored.seek(0)
    module: nn.Module = torch.export.load(stored).module()
    return module


def traced() -> nn.Module:
    stored = io.BytesIO()
    torch.jit.save(torch.jit.trace(Creating(), IMAGES), stored)  # type: ignore[no-untyped-call]
    stored.seek(0)
    module: nn.Module = torch.jit.load(stored)  # type: ignore[no-untyped-call]
    return module


@pytest.mark.skipif(not AVAILABLE, reason="this torch lets no Python code be a backend")
def test_an_exported_network_computes_the_same_there_and_back() -> None:
    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = exported()

        def train(self, mode: bool = True) -> "Holder":  # noqa: ARG002
            return self

        def forward(self, images: Tensor) -> Tensor:
            logits: Tensor = self.network(images)
            return logits

    classifier = Classifier(Holder())
    here = classifier(IMAGES)
    there = classifier.to(PRETEND)(IMAGES.to(PRETEND))
    assert there.device == PRETEND and torch.equal(there.cpu(), here)
    assert torch.equal(classifier.to("cpu")(IMAGES), here)


def devices(network: nn.Module) -> set[str]:
    """The devices that the graph of a traced network names."""
    graph = network.graph
    nodes = graph.findAllNodes("prim::Constant")  # type: ignore[operator, union-attr]
    return {node.s("value") for node in nodes if node.output().type().kind() == "DeviceObjType"}


def test_a_traced_network_names_the_new_device_and_is_a_copy() -> None:
    root = nn.Sequential(traced())
    before, logits = root[0], root(IMAGES)
    assert devices(before) == {"cpu"}
    move_graph_constants(root, torch.device("cpu"))
    assert root[0] is before
    for name in ("cpu:0", "cpu"):
        move_graph_constants(root, torch.device(name))
        assert devices(root[0]) == {name} and root[0] is not before
        assert torch.equal(root(IMAGES), logits)
    assert not any(parameter.requires_grad for parameter in root.parameters())


def test_a_graph_without_devices_stays_as_it_is() -> None:
    network = fx.symbolic_trace(nn.Sequential(nn.Flatten(), nn.Linear(12, 3)))
    code = network.code
    move_graph_constants(network, torch.device("cpu:0"))
    assert network.code == code
