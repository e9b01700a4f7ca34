"""Networks that come with their graph: TorchScript and torch.export files. Both are code: only read when trusted.

A TorchScript cannot run Python, but its operators can write files (`aten::save`, `aten::from_file` with shared
memory); an exported program calls the same operators, and its loader evaluates expressions.
"""

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError, reason
from thinice_tui.models.formats.containers import Found


class FixedBatch(nn.Module):
    """An exported network: never switched between modes, and in batches of the size it was exported with.

    Images [N,C,H,W] are passed in pieces of `size`, the last one filled up with copies; None: any N at once.
    """

    def __init__(self, network: nn.Module, size: int | None) -> None:
        super().__init__()
        self.network = network
        self.size = size

    def train(self, mode: bool = True) -> "FixedBatch":  # noqa: ARG002
        """Exported graphs have no modes, and raise when asked for one: they only are said to evaluate."""
        for module in self.modules():
            module.training = False
        return self

    def forward(self, images: Tensor) -> Tensor:
        if self.size is None or len(images) == 0:
            return self._logits(images)
        pieces = []
        for piece in torch.split(images, self.size):
            missing = self.size - len(piece)
            filled = torch.cat([piece, piece[-1:].expand(missing, -1, -1, -1)]) if missing else piece
            pieces.append(self._logits(filled)[: len(piece)])
        return torch.cat(pieces)

    def _logits(self, images: Tensor) -> Tensor:
        out = self.network(images)
        logits: Tensor = out[0] if isinstance(out, (tuple, list)) else out
        return logits


def read_graph(path: Path, form: str) -> Found:
    """Load a trusted file's graph; raises CheckpointError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network, notes = _script(path) if form == "TorchScript" else _exported(path)
    except Exception as error:  # the loaders of both raise whatever their parts raise
        raise CheckpointError(
            f"{path}: is a {form} file that cannot be loaded: {reason(error)}",
            "it may need a newer torch, or operators of another package",
        ) from error
    return Found("", dict(network.state_dict()), {}, network, notes)


def _script(path: Path) -> tuple[nn.Module, tuple[str, ...]]:
    network: nn.Module = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
    return network, ()


def _exported(path: Path) -> tuple[nn.Module, tuple[str, ...]]:
    program = torch.export.load(path)
    inputs = [node for node in program.graph.nodes if node.name in program.graph_signature.user_inputs]
    if len(inputs) != 1:
        raise ValueError(f"it takes {len(inputs)} inputs, expected images alone")
    batch = inputs[0].meta["val"].shape[0]
    size = batch if isinstance(batch, int) else None
    notes = (f"exported for batches of {size}: images are passed so",) if size is not None else ()
    return FixedBatch(program.module(), size), notes
