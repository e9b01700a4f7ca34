"""Networks stored with their graph: TorchScript and torch.export files. Both are code, and read only when trusted.

A TorchScript cannot run Python, but its operators can write files (`aten::save`, `aten::from_file` with shared
memory). An exported program calls the same operators, and its loader evaluates expressions.
"""

import warnings
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError, reason
from thinice_tui.models.formats.file_content import FileContent, ReadOptions
from thinice_tui.models.formats.torch_files import TRUST
from thinice_tui.models.formats.trusted_code import running_code
from thinice_tui.models.logits import LogitsFinder
from thinice_tui.safe_io.torch_file import ZIP, archive_entries

GRAPHS = ("TorchScript", "torch.export")
"""The forms of these files; they hold operators and no classes."""


class FixedBatch(nn.Module):
    """An exported network, which has no modes, in batches of the size that it was exported with.

    Images [N,C,H,W] are passed in pieces of `size`, the last one filled up with copies; None: any N at once.
    """

    def __init__(self, network: nn.Module, size: int | None) -> None:
        super().__init__()
        self.network = network
        self.size = size
        self._logits = LogitsFinder(network)

    def train(self, mode: bool = True) -> "FixedBatch":  # noqa: ARG002
        """Mark all modules as evaluating; an exported graph has no modes, and raises where one is set."""
        for module in self.modules():
            module.training = False
        return self

    def forward(self, images: Tensor) -> Tensor:
        if self.size is None or len(images) == 0:
            return self._logits(self.network(images))
        pieces = []
        for piece in torch.split(images, self.size):
            missing = self.size - len(piece)
            filled = torch.cat([piece, piece[-1:].expand(missing, -1, -1, -1)]) if missing else piece
            pieces.append(self._logits(self.network(filled))[: len(piece)])
        return torch.cat(pieces)


def is_graph(path: Path, head: bytes) -> bool:
    """Whether `path` is a TorchScript or torch.export file; head: its first bytes."""
    return head.startswith(ZIP) and _graph_form(path) != ""


def read_graph(path: Path, _head: bytes, options: ReadOptions) -> FileContent:
    """Load a graph where `options` allow its code to run; raises CheckpointError."""
    form = _graph_form(path)
    if not options.trust:
        raise CheckpointError(
            f"{path}: is a {form} file, whose graph is code and would have to run",
            "it cannot run Python, but it can write files (aten::save, aten::from_file). Where you trust it, add "
            f"{TRUST}; or save its weights as a state dict",
        )
    archive_entries(path, CheckpointError)
    try:
        with running_code(path, ReadOptions(options.trust)), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network, notes = _script(path) if form == "TorchScript" else _exported(path)
    except Exception as error:  # the loaders raise whatever their parts raise
        raise CheckpointError(
            f"{path}: is a {form} file that cannot be loaded: {reason(error)}",
            "it may need a newer torch, or operators of another package",
        ) from error
    return FileContent(form, dict(network.state_dict()), {}, network=network, notes=notes, code_ran=True)


def _graph_form(path: Path) -> str:
    """TorchScript or torch.export, by the names in the archive; empty: neither, or no readable archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return ""
    inner = {name.partition("/")[2] for name in names}
    if "constants.pkl" in inner or any(name.startswith("code/") for name in inner):
        return "TorchScript"
    return "torch.export" if "archive_format" in inner or "serialized_exported_program.json" in names else ""


def _script(path: Path) -> tuple[nn.Module, tuple[str, ...]]:
    network: nn.Module = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
    return network, ()


def _exported(path: Path) -> tuple[nn.Module, tuple[str, ...]]:
    program = torch.export.load(path)
    inputs = [node for node in program.graph.nodes if node.name in program.graph_signature.user_inputs]
    if len(inputs) != 1:
        raise ValueError(f"it takes {len(inputs)} inputs, expected one: the images")
    batch = inputs[0].meta["val"].shape[0]
    size = batch if isinstance(batch, int) else None
    notes = (f"exported for batches of {size}: images are passed in batches of that size",) if size is not None else ()
    return FixedBatch(program.module(), size), notes
