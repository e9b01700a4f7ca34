"""ReLUs that overwrite their input: the same numbers, with less memory to write and read."""

import operator

import torch
from torch import fx, nn

WITHOUT_SAVED_OUTPUT = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear, nn.modules.batchnorm._BatchNorm)
"""Layers whose backward pass does not read their output, so that it may be overwritten."""
SUMS = (torch.add, operator.add)
"""The same for sums. (Not `+=`: its result may be memory that others read.)"""


def relus_in_place(network: nn.Module) -> fx.GraphModule:
    """`network`, traced, with each ReLU in place whose input nothing else reads.

    Raises LookupError where there is no such ReLU, and what tracing raises.
    """
    if any(part._backward_hooks or part._backward_pre_hooks for part in network.modules()):
        raise LookupError("backward hooks, which fail where an output is overwritten, and torch prints how")
    traced = fx.symbolic_trace(network)
    modules = dict(traced.named_modules())
    changed = 0
    for node in traced.graph.nodes:
        if _is_relu(node, modules) and _may_be_overwritten(node.all_input_nodes[0], modules):
            with traced.graph.inserting_before(node):
                faster = traced.graph.call_function(torch.relu_, (node.all_input_nodes[0],))
            node.replace_all_uses_with(faster)
            traced.graph.erase_node(node)
            changed += 1
    if not changed:
        raise LookupError("no ReLU whose input nothing else reads")
    traced.recompile()
    return traced


def _is_relu(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    if node.op == "call_module":
        return type(modules[str(node.target)]) is nn.ReLU
    if node.op == "call_function":
        return node.target in (torch.relu, nn.functional.relu)
    return node.op == "call_method" and node.target == "relu"


def _may_be_overwritten(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    if len(node.users) != 1:
        return False
    if node.op == "call_module":
        return isinstance(modules[str(node.target)], WITHOUT_SAVED_OUTPUT)
    return node.op == "call_function" and node.target in SUMS
