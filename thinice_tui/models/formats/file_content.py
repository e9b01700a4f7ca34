"""What a reader of a checkpoint format returns: weights by name or a whole network, and the other data of the file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor, nn


@dataclass(frozen=True)
class ReadOptions:
    """What the user says of a file before it is read."""

    trust: bool = False
    """Whether code of the file may run."""
    key: str = ""
    """Which weights of the file, by the keys that lead to them, joined by dots; empty: the usual ones."""
    prefer: tuple[str, ...] = ()
    """Keys under which the weights are where the file has them and `key` is empty, before the usual ones."""
    script: str = ""
    """The script whose classes the file may hold, which it calls those of `__main__`; empty: none."""


@dataclass(frozen=True)
class FileContent:
    """The content of a model file, whatever its format."""

    form: str
    """torch, torch legacy, safetensors, TorchScript, torch.export, NumPy .npz, NumPy .npy or pickle."""
    state: dict[str, Tensor]
    """Tensors by parameter name, as stored; floating ones are float32."""
    about: dict[str, object]
    """Plain data beside the weights: arch, normalization, dataset, class_names, …"""
    container: str = ""
    """The keys that lead to the weights, joined by dots, positions in lists in brackets (`runs[0].best`); empty: the
    file is a bare state dict."""
    network: nn.Module | None = None
    """A whole network instead of a state dict: only ever from a file that is trusted to run code."""
    notes: tuple[str, ...] = ()
    """What was done to the content on reading, in words."""
    files: tuple[Path, ...] = ()
    """The files of a folder that were read; empty: the one file itself."""
    arch: str = ""
    """The architecture that the config.json of a folder names, as --arch would: `timm:NAME`; empty: none."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """num_classes and in_chans of that architecture."""
    needs_arch: str = ""
    """Why only the user can say the architecture, as what happened; empty: there is no reason."""
    others: tuple[str, ...] = ()
    """Where the file holds other weights, as `container`; `.` is the top of the file."""
    code_ran: bool = False
    """Whether code of the file ran on reading."""
