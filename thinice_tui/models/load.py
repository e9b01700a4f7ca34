"""A file on disk to a ready classifier, with everything the run file says about it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError, UsageError
from thinice_tui.models.architectures import KNOWN, Built, advice, build_network, check_chain, code_sha256
from thinice_tui.models.classifier import Classifier, Normalization
from thinice_tui.models.formats.checkpoint import Checkpoint, read_checkpoint
from thinice_tui.models.formats.containers import is_normalization
from thinice_tui.models.masks.torch_prune import fold_torch_pruning
from thinice_tui.models.normalization import (
    Source,
    buffered_normalization,
    parse_normalization,
    stored_normalization,
)
from thinice_tui.models.sparsity import Sparsity, measure_sparsity


@dataclass(frozen=True)
class LoadedModel:
    """A classifier in evaluation mode on the CPU, and where it came from."""

    checkpoint: Checkpoint
    arch: str
    normalization: Normalization | None
    network: nn.Module
    """The bare network, without normalisation."""
    sparsity: Sparsity
    code_sha256: str = ""
    """Of the file that the architecture's factory is in; empty for a known architecture."""
    source: Source = "given"
    """Where the normalisation is from; `undecided`: nothing says it, and none is put in front of the network."""
    notes: tuple[str, ...] = ()
    """What was done to the file's content on the way, for whoever wants to check it."""

    @property
    def path(self) -> Path:
        return self.checkpoint.path

    def classifier(self) -> Classifier:
        """The network behind its normalisation, frozen: images in [0,1] to float32 logits."""
        return Classifier(self.network, self.normalization)


def load_model(
    path: Path, arch: str = "auto", normalize: str = "auto", keep: float | None = None, trust: bool = False
) -> LoadedModel:
    """Read, fold masks, build, load strictly, freeze. Raises CheckpointError or UsageError.

    `arch` auto: what the checkpoint names, else by its keys and shapes. `normalize` auto: what the checkpoint
    says, else undecided. `keep`: the fraction of the weights that scores in the file keep. `trust`: whether code
    of the file may run.
    """
    checkpoint = read_checkpoint(path, keep, trust)
    if checkpoint.network is not None:
        name, network, notes = _own_network(checkpoint, arch)
        buffers: Mapping[str, Tensor] = {}
    else:
        name, network, notes, buffers = _built_network(checkpoint, arch)
    if normalize == "auto":
        normalization, source = _normalization(checkpoint, network, buffers)
    else:
        normalization, source = parse_normalization(normalize), "given"
    network.eval()
    for parameter in network.parameters():  # scripted modules have no requires_grad_
        parameter.requires_grad_(False)
    code = "" if checkpoint.network is not None else code_sha256(name)
    return LoadedModel(
        checkpoint, name, normalization, network, measure_sparsity(network), code, source, (*checkpoint.notes, *notes)
    )


def _own_network(checkpoint: Checkpoint, arch: str) -> tuple[str, nn.Module, tuple[str, ...]]:
    """The network that a trusted file brings along."""
    assert checkpoint.network is not None
    if arch != "auto":
        raise UsageError(
            f"--arch {arch}: {checkpoint.path} holds a whole network ({checkpoint.form})", "leave --arch away for it"
        )
    network = checkpoint.network
    name = getattr(network, "original_name", type(network).__name__)
    notes = fold_torch_pruning(network)
    return f"{name} ({checkpoint.form}, its own code)", network, notes


def _built_network(checkpoint: Checkpoint, arch: str) -> tuple[str, nn.Module, tuple[str, ...], Mapping[str, Tensor]]:
    """A network of ours or of the user's with the file's values, and the file's normalisation buffers."""
    stored = checkpoint.about.get("arch")
    wanted = stored if arch == "auto" and isinstance(stored, str) and stored in KNOWN else arch
    buffers = {key: value for key, value in checkpoint.state.items() if is_normalization(key)}
    bare = {key: value for key, value in checkpoint.state.items() if key not in buffers}
    built = build_network(wanted, bare, str(checkpoint.path), stored)
    if buffers and buffers.keys() <= built.network.state_dict().keys():
        built = replace(built, state={**built.state, **buffers})
    _load_strictly(built, checkpoint)
    if built.unusual:
        check_chain(built.network, built.name, str(checkpoint.path))
    return built.name, built.network, built.notes, buffers


def _normalization(
    checkpoint: Checkpoint, network: nn.Module, buffers: Mapping[str, Tensor]
) -> tuple[Normalization | None, Source]:
    """What the file says, in its buffers or in words."""
    inside = [key for key in network.state_dict() if is_normalization(key)]
    if inside:
        return None, "inside the network"
    if buffers:
        return buffered_normalization(buffers, str(checkpoint.path)), "the file's buffers"
    if "normalization" in checkpoint.about:
        stored = checkpoint.about["normalization"]
        return stored_normalization(stored, str(checkpoint.path)), "the file's metadata"
    return None, "undecided"


def _load_strictly(built: Built, checkpoint: Checkpoint) -> None:
    expected = built.network.state_dict()
    # Counters that old torch did not save and that evaluation never reads; everything else must be there.
    counters = {key: torch.tensor(0) for key in expected if key.endswith(".num_batches_tracked")}
    found = counters | dict(built.state)
    problems = [f"missing {key}" for key in expected if key not in found]
    problems += [f"unexpected {key}" for key in found if key not in expected]
    problems += [
        f"{key} is {tuple(found[key].shape)}, expected {tuple(expected[key].shape)}"
        for key in expected
        if key in found and found[key].shape != expected[key].shape
    ]
    if problems:
        shown = "; ".join(problems[:5]) + (f"; and {len(problems) - 5} more" if len(problems) > 5 else "")
        raise CheckpointError(
            f"{checkpoint.path}: does not fit the architecture {built.name}: {shown}", advice(checkpoint.state)
        )
    on_paper = any(value.is_meta for value in expected.values())
    built.network.load_state_dict(found, strict=True, assign=on_paper)
