"""What a reader of a checkpoint format returns: weights by name or a whole network, and the other data of the file."""

from dataclasses import dataclass

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
    """torch, torch legacy, safetensors, TorchScript or torch.export."""
    state: dict[str, Tensor]
    """Tensors by parameter name, as stored but for wrappers' prefixes; floating ones are float32."""
    about: dict[str, object]
    """Plain data beside the weights: arch, normalization, dataset, class_names, …"""
    container: str = ""
    """The keys that lead to the weights, joined by dots; empty: the file is a bare state dict."""
    network: nn.Module | None = None
    """A whole network instead of a state dict: only ever from a file that is trusted to run code."""
    notes: tuple[str, ...] = ()
    """What was done to the content on reading, in words."""
    code_ran: bool = False
    """Whether code of the file ran on reading."""
