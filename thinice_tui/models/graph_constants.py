"""Devices that a stored graph names: an exported or traced network creates its tensors where it was traced."""

import io
from typing import Any

import torch
from torch import fx, nn


def move_graph_constants(root: nn.Module, device: torch.device) -> None:
    """Let every graph in `root` create its tensors on `device`; moving parameters does not change these.

    Parts that are traced TorchScript are replaced by copies: a graph that has run keeps what it was compiled to.
    """
    for module in list(root.modules()):
        if isinstance(module, fx.GraphModule):
            _move_exported(module, device)
        if isinstance(module, torch.jit.ScriptModule):
            continue  # the whole it is part of is replaced
        for name, child in list(module.named_children()):
            if isinstance(child, torch.jit.ScriptModule) and _move_traced(child, device):
                setattr(module, name, _copied(child, device))


def _move_exported(module: fx.GraphModule, device: torch.device) -> None:
    named = [node for node in module.graph.nodes if isinstance(node.kwargs.get("device"), torch.device)]
    for node in named:
        node.update_kwarg("device", device)
    if named:
        module.recompile()


def _move_traced(network: torch.jit.ScriptModule, device: torch.device) -> bool:
    """Write `device` into the graphs of the network; whether any of them named another."""
    found = False
    for part in network.modules():
        graph: Any = getattr(part, "graph", None)
        for node in graph.findAllNodes("prim::Constant") if graph is not None else ():
            if node.output().type().kind() == "DeviceObjType" and torch.device(node.s("value")) != device:
                node.s_("value", str(device))
                found = True
    return found


def _copied(network: torch.jit.ScriptModule, device: torch.device) -> nn.Module:
    stored = io.BytesIO()
    torch.jit.save(network, stored)
    stored.seek(0)
    copy: nn.Module = torch.jit.load(stored, map_location=device)  # type: ignore[no-untyped-call]
    for parameter in copy.parameters():
        parameter.requires_grad_(False)
    return copy.train(network.training)
