"""A torch module in memory as a loaded model: a copy of it, which attacks use in its place."""

import copy
import hashlib
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.utils._pytree import tree_leaves

from thinice_tui.errors import CheckpointError, ModelError, reason
from thinice_tui.models.formats.checkpoint import Checkpoint
from thinice_tui.models.formats.tensor_values import check_network
from thinice_tui.models.load import LoadedModel
from thinice_tui.models.masks.torch_prune import fold_torch_pruning
from thinice_tui.models.sparsity import measure_sparsity
from thinice_tui.protocol.model_files import IN_MEMORY

AS_ATTRIBUTES = "keep each network that it calls as an attribute (self.net = net), several in an nn.ModuleList"
"""Advice for a module that calls networks: only its attributes are copied with it."""
WRAPPERS = {"DataParallel": "module", "DistributedDataParallel": "module", "OptimizedModule": "_orig_mod"}
"""Modules that only run another one, by class: the attribute that holds it."""


def from_memory(module: nn.Module, name: str) -> LoadedModel:
    """The model of a torch module that maps images in [0,1] to logits; the module itself stays as it is.

    What is attacked is a copy on the CPU in evaluation mode, frozen, in float32, with the masks of
    torch.nn.utils.prune folded in. Its normalisation is the module's own. Raises ModelError where it cannot be copied
    or attacked.
    """
    path = Path(f"{name} ({IN_MEMORY})")
    if not isinstance(module, nn.Module):
        raise ModelError(
            f"{path}: is a {type(module).__name__}, expected a torch.nn.Module",
            f"wrap a function in a module whose forward() calls it; {AS_ATTRIBUTES}",
        )
    original = _unwrapped(module, path)
    kind = type(original).__name__
    copied = _copied(original, path)
    try:
        network, sha256 = copied.cpu().eval(), weights_sha256(original)
    except Exception as error:  # train() and state_dict() may be a user's own
        raise ModelError(
            f"{path}: cannot be set to evaluation mode, or its weights cannot be listed ({reason(error)})",
            "expected a module whose eval() and state_dict() work",
        ) from error
    notes = fold_torch_pruning(network)
    try:
        check_network(network, path)
    except CheckpointError as error:
        raise ModelError(error.what, error.do) from error
    for parameter in network.parameters():  # scripted modules have no requires_grad_
        parameter.requires_grad_(False)
    state = {key: value for key, value in network.state_dict().items() if isinstance(value, Tensor)}
    sparsity = measure_sparsity(network, own_code=True)
    checkpoint = Checkpoint(path, sha256, IN_MEMORY, "", state, network=network)
    return LoadedModel(checkpoint, f"{kind} ({IN_MEMORY})", None, network, sparsity, notes=(*notes, *sparsity.notes))


def weights_sha256(module: nn.Module) -> str:
    """sha256 over names, types, shapes and bytes of its state dict, and of the buffers that this leaves out.

    It does not depend on device, mode or frozen parameters.
    """
    digest = hashlib.sha256()
    for key, value in _state(module):
        if not isinstance(value, Tensor):  # what get_extra_state() returns
            digest.update(repr((key, value)).encode())
            continue
        digest.update(repr((key, str(value.dtype), tuple(value.shape))).encode())
        dense = value.detach().to("cpu")
        dense = dense if dense.layout is torch.strided else dense.to_dense()
        digest.update(dense.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _state(module: nn.Module) -> Iterator[tuple[str, object]]:
    stored = module.state_dict()
    yield from stored.items()
    yield from ((name, value) for name, value in module.named_buffers() if name not in stored)


def _unwrapped(module: nn.Module, path: Path) -> nn.Module:
    """The module without those that only run it on several devices, or compiled; raises ModelError for their hooks."""
    while (attribute := WRAPPERS.get(type(module).__name__)) and isinstance(
        inner := getattr(module, attribute, None), nn.Module
    ):
        if module._forward_hooks or module._forward_pre_hooks:
            raise ModelError(
                f"{path}: hooks are registered on {type(module).__name__}, which is left out, and so they would be",
                f"register them on the module inside it (.{attribute})",
            )
        module = inner
    return module


def _copied(module: nn.Module, path: Path) -> nn.Module:
    """A deep copy. Tensors that were computed from parameters (by torch.nn.utils.prune) are copied by value."""
    for key, value in (*module.named_parameters(), *module.named_buffers()):
        if is_lazy(value):
            raise ModelError(f"{path}: {key} has no shape yet", "pass an image forward once, or load its weights")
        if value.is_meta:
            raise ModelError(f"{path}: {key} is on the meta device, without values", "load its weights first")
    computed: dict[int, object] = {
        id(value): value.detach().clone()
        for part in module.modules()
        for value in tree_leaves(vars(part))  # also in dicts and lists, where hooks keep activations
        if isinstance(value, Tensor) and not value.is_leaf
    }
    try:
        with torch.no_grad():  # else parameters of a scripted module are copied as computed tensors
            return copy.deepcopy(module, computed)
    except Exception as error:  # a user's own module may raise anything
        raise ModelError(
            f"{path}: cannot be copied ({reason(error)})",
            "expected a module that copy.deepcopy() copies: what is attacked is a copy, so that yours stays as it is",
        ) from error
