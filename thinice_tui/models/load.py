"""Loads a model file into a classifier."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError
from thinice_tui.models.architectures.build import BuiltNetwork, advice, build_network, check_chain
from thinice_tui.models.architectures.factories import code_sha256
from thinice_tui.models.architectures.known import KNOWN
from thinice_tui.models.architectures.robustbench import ZOO_KEYS
from thinice_tui.models.classifier import Classifier, Normalization
from thinice_tui.models.formats.checkpoint import Checkpoint, read_checkpoint
from thinice_tui.models.formats.containers import is_normalization
from thinice_tui.models.formats.file_content import ReadOptions
from thinice_tui.models.formats.graphs import GRAPHS
from thinice_tui.models.masks.torch_prune import fold_torch_pruning
from thinice_tui.models.normalization import (
    Source,
    buffered_normalization,
    parse_normalization,
    stored_normalization,
)
from thinice_tui.models.sparsity import Sparsity, measure_sparsity
from thinice_tui.protocol.arch_spec import ROBUSTBENCH


@dataclass(frozen=True)
class LoadedModel:
    """A network in evaluation mode on the CPU, and what is known of its file."""

    checkpoint: Checkpoint
    arch: str
    normalization: Normalization | None
    network: nn.Module
    """The network without its normalisation."""
    sparsity: Sparsity
    code_sha256: str = ""
    """Of the file that the architecture's factory is in; empty: a known architecture."""
    source: Source = "given"
    """Where the normalisation is from; `undecided`: the file does not say, and there is none."""
    notes: tuple[str, ...] = ()
    """What was done to the file's content on loading, in words."""
    alternatives: tuple["LoadedModel", ...] = ()
    """The same weights in other known architectures of the same names and shapes; empty: the file or the user says
    which one it is, or there is one only."""

    @property
    def path(self) -> Path:
        return self.checkpoint.path

    def classifier(self) -> Classifier:
        """The frozen network with its normalisation: images in [0,1] to float32 logits."""
        return Classifier(self.network, self.normalization)


def load_model(
    path: Path,
    arch: str = "auto",
    normalize: str = "auto",
    keep: float | None = None,
    trust: bool = False,
    key: str = "",
) -> LoadedModel:
    """Read a model file, fold its masks, build its network, load all tensors and freeze it.

    arch auto: as the checkpoint names it, else by its names and shapes. normalize auto: as the checkpoint says, else
    undecided. keep: the fraction of the weights that scores in the file keep. trust: whether code of the file may run.
    key: which weights, where the file holds several; empty: the usual ones. Raises CheckpointError, UsageError or
    CodeError.
    """
    prefer = ZOO_KEYS if arch.startswith(f"{ROBUSTBENCH}:") else ()
    checkpoint = read_checkpoint(path, keep, ReadOptions(trust, key, prefer, _script(arch)))
    if checkpoint.network is not None:
        return _loaded(checkpoint, _own_network(checkpoint, arch), {}, normalize)
    built, buffers = _built_network(checkpoint, arch)
    others = tuple(_loaded(checkpoint, other, buffers, normalize) for other in built.alternatives)
    return replace(_loaded(checkpoint, built, buffers, normalize), alternatives=others)


def _loaded(checkpoint: Checkpoint, built: BuiltNetwork, buffers: Mapping[str, Tensor], normalize: str) -> LoadedModel:
    """The model of a network that holds its weights; buffers: the file's normalisation."""
    network = built.network
    if normalize == "auto":
        normalization, source = _normalization(checkpoint, built, buffers)
    else:
        normalization, source = parse_normalization(normalize), "given"
    network.eval()
    for parameter in network.parameters():  # scripted modules have no requires_grad_
        parameter.requires_grad_(False)
    return LoadedModel(
        checkpoint,
        built.name,
        normalization,
        network,
        measure_sparsity(network),
        code_sha256(built.code),
        source,
        (*checkpoint.notes, *built.notes),
    )


def _script(arch: str) -> str:
    """The script that `--arch FILE.py` names for the classes of a whole network; empty: it names none."""
    return arch if arch.endswith(".py") else ""


def _own_network(checkpoint: Checkpoint, arch: str) -> BuiltNetwork:
    """The network of a trusted file that holds a whole one."""
    assert checkpoint.network is not None
    network = checkpoint.network
    name = getattr(network, "original_name", type(network).__name__)
    script = "" if checkpoint.form in GRAPHS else _script(arch)
    unused = () if script or arch == "auto" else (f"--arch {arch} is not used: the file holds a whole network",)
    notes = (*unused, *fold_torch_pruning(network))
    return BuiltNetwork(f"{name} ({checkpoint.form}, its own code)", network, {}, notes, code=script)


def _built_network(checkpoint: Checkpoint, arch: str) -> tuple[BuiltNetwork, Mapping[str, Tensor]]:
    """The network of a state dict, with its values, and the state's normalisation buffers."""
    stored = checkpoint.about.get("arch")
    wanted = stored if arch == "auto" and isinstance(stored, str) and stored in KNOWN else arch
    buffers = {key: value for key, value in checkpoint.state.items() if is_normalization(key)}
    bare = {key: value for key, value in checkpoint.state.items() if key not in buffers}
    built = build_network(wanted, bare, str(checkpoint.path), stored)
    if buffers and (built.takes_pixels or buffers.keys() <= built.network.state_dict().keys()):
        built = replace(built, state={**built.state, **buffers})
    for one in (built, *built.alternatives):
        _load_strictly(one, checkpoint)
        if one.unusual:
            check_chain(one.network, one.name, str(checkpoint.path))
    return built, buffers


def _normalization(
    checkpoint: Checkpoint, built: BuiltNetwork, buffers: Mapping[str, Tensor]
) -> tuple[Normalization | None, Source]:
    """The normalisation that the file says, in buffers or in its metadata, and which of these it was."""
    if built.takes_pixels or any(is_normalization(key) for key in built.network.state_dict()):
        return None, "inside the network"
    if buffers:
        return buffered_normalization(buffers, str(checkpoint.path)), "the file's buffers"
    if "normalization" in checkpoint.about:
        stored = checkpoint.about["normalization"]
        return stored_normalization(stored, str(checkpoint.path)), "the file's metadata"
    return None, "undecided"


def _load_strictly(built: BuiltNetwork, checkpoint: Checkpoint) -> None:
    """Load the state; raises CheckpointError unless its names and shapes are exactly those of the network."""
    expected = built.network.state_dict()
    # Old torch did not save these counters, and evaluation never reads them; everything else must be there.
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
    without_values = any(value.is_meta for value in expected.values())
    built.network.load_state_dict(found, strict=True, assign=without_values)
