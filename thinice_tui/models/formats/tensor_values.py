"""Tensors of a file as plain dense ones; those whose real values the file does not tell are refused by their name."""

import re
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError, reason

DENSE = {torch.strided, torch.sparse_coo, torch.sparse_csr}
"""Layouts that are read; the sparse ones become dense."""
REAL = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
_SIGNED, _UNSIGNED = (torch.int8, torch.int16, torch.int32, torch.int64), (torch.uint16, torch.uint32, torch.uint64)
WHOLE = {torch.bool, torch.uint8, *_SIGNED, *_UNSIGNED}
"""Types of counters, indices and masks."""
PACKED = (
    (re.compile(r"(.*\.)?(qweight|qzeros)"), "GPTQ or AWQ"),
    (re.compile(r".*\.(absmax|quant_map|SCB|quant_state\.bitsandbytes__\w+)"), "bitsandbytes"),
    (re.compile(r"(.*\.)?_packed_params\b.*"), "torch's quantised modules"),
    (re.compile(r"(.*\.)?weight_packed"), "compressed-tensors"),
)
"""Names of packed weights, and what packs them."""
OBSERVERS = ("fake_quant", "activation_post_process", "observer")
"""Parts of the names of quantisation-aware training, which keeps the weights as floats."""
QUANTISED_MODULES = re.compile(r"torch\.(ao\.)?nn\.(intrinsic\.|sparse\.)?quantized\b.*")
DEQUANTISE = "dequantise them: save weight.float() × scale, or give the model from before it was quantised"


def check_names(names: Iterable[str], path: Path) -> None:
    """Raise CheckpointError where the names are those of packed or quantised weights."""
    known = set(names)
    for name in known:
        by = next((what for pattern, what in PACKED if pattern.fullmatch(name)), "")
        layer = name.removesuffix("zero_point")
        if layer != name and f"{layer}scale" in known and not any(part in name for part in OBSERVERS):
            by = "torch's quantised modules"
        if by:
            raise CheckpointError(f"{path}: holds weights that are quantised by {by} ({name})", DEQUANTISE)


def plain_tensor(name: str, value: Tensor, path: Path) -> Tensor:
    """`value` dense and without a graph, as float32 where it is floating; raises CheckpointError.

    Refused are layouts and types whose real values are not in the tensor alone: float8, quantised, whole numbers where
    a weight is expected; and complex numbers, whose imaginary part a real network would lose.
    """
    value = _dense(name, value.detach(), path)
    kind = str(value.dtype).removeprefix("torch.")
    if value.is_meta:
        raise CheckpointError(f"{path}: {name} holds no numbers (its device is meta)", "load the weights before saving")
    if value.is_quantized:
        do = "save weight.dequantize(), or give the model from before it was quantised"
        raise CheckpointError(f"{path}: {name} is a quantised tensor ({kind})", do)
    if value.is_complex():
        raise CheckpointError(
            f"{path}: {name} is of type {kind}, expected real weights: its imaginary part would be lost",
            "a complex network cannot be compared here; save real weights where they are meant to be real",
        )
    if value.dtype not in REAL | WHOLE:
        raise CheckpointError(f"{path}: {name} is of type {kind}, whose scale is not known here", DEQUANTISE)
    if value.dtype in WHOLE and _is_weight(name):
        raise CheckpointError(
            f"{path}: {name} is of type {kind}, expected floating weights: without their scale these would be others",
            DEQUANTISE,
        )
    return value.float() if value.is_floating_point() else value


def check_network(network: nn.Module, path: Path) -> None:
    """Make the sparse parameters of a whole network dense, and all that are floating float32.

    Raises CheckpointError for quantised and complex networks.
    """
    for name, module in network.named_modules():
        kind = type(module).__module__
        if QUANTISED_MODULES.fullmatch(kind):
            raise _quantised(path, f"{name or 'it'} is a {kind}.{type(module).__name__}")
        for tensors in (module._parameters, module._buffers):
            for key, value in tensors.items():
                if value is not None and value.is_complex():
                    raise CheckpointError(
                        f"{path}: {name}.{key} is complex, expected real weights",
                        "give a network that computes with real numbers",
                    )
                if value is not None and value.layout is not torch.strided:
                    dense = _dense(f"{name}.{key}".removeprefix("."), value.detach(), path)
                    tensors[key] = nn.Parameter(dense) if isinstance(value, nn.Parameter) else dense
    network.float()
    if isinstance(network, torch.jit.ScriptModule) and "quantized::" in str(getattr(network, "inlined_graph", "")):
        raise _quantised(path, "its graph calls quantized:: operators")


def _quantised(path: Path, found: str) -> CheckpointError:
    return CheckpointError(
        f"{path}: is a quantised network ({found}), which has no gradients to attack",
        "give the floating-point network from before it was quantised",
    )


def _dense(name: str, value: Tensor, path: Path) -> Tensor:
    layout, kind = str(value.layout).removeprefix("torch."), type(value).__name__
    if "SemiStructured" in kind:
        raise CheckpointError(f"{path}: {name} is semi-structured sparse (2:4, {kind})", "save weight.to_dense()")
    if value.is_nested or value.layout not in DENSE:
        what = "a nested tensor" if value.is_nested else f"of the layout {layout}"
        raise CheckpointError(f"{path}: {name} is {what}, expected a dense, COO or CSR one", "save weight.to_dense()")
    if value.layout is torch.strided:
        return value
    try:
        return _checked(value).to_dense()
    except (RuntimeError, ValueError, IndexError) as error:
        raise CheckpointError(
            f"{path}: {name} is no valid {layout} tensor ({reason(error)})",
            "the file is damaged: save it again, with weight.to_dense()",
        ) from error


def _checked(value: Tensor) -> Tensor:
    """The sparse tensor, its indices checked: torch reads them from a file as they are, and writes where they point."""
    if value.layout is torch.sparse_coo:
        parts = value._indices(), value._values()
        return torch.sparse_coo_tensor(*parts, value.shape, check_invariants=True)
    rows, columns = value.crow_indices(), value.col_indices()
    return torch.sparse_csr_tensor(rows, columns, value.values(), value.shape, check_invariants=True)


def _is_weight(name: str) -> bool:
    """Whether it is the name of a parameter or a batch norm's statistic, and no mask's or counter's."""
    last = name.rpartition(".")[2]
    if "mask" in last or "score" in last:
        return False
    return last.endswith(("weight", "bias", "_orig")) or last in ("original", "running_mean", "running_var")
