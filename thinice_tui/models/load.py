"""Loads a model file into a classifier."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError, CodeError, UsageError, reason
from thinice_tui.models.architectures.build import BuiltNetwork, build_network, check_chain
from thinice_tui.models.architectures.factories import code_sha256, is_own_code, names_code
from thinice_tui.models.architectures.known import KNOWN
from thinice_tui.models.architectures.robustbench import ZOO_KEYS
from thinice_tui.models.architectures.views import closest_view
from thinice_tui.models.classifier import Classifier, Normalization
from thinice_tui.models.differences import some
from thinice_tui.models.formats.checkpoint import Checkpoint, read_checkpoint
from thinice_tui.models.formats.file_content import ReadOptions
from thinice_tui.models.formats.graphs import GRAPHS
from thinice_tui.models.inner_normalization import inner_constants
from thinice_tui.models.layer_weights import unsaved_masks
from thinice_tui.models.masks.parametrized import missing_parametrization, unsaved_state
from thinice_tui.models.masks.torch_prune import fold_torch_pruning
from thinice_tui.models.names import COUNTER
from thinice_tui.models.normalization import (
    Source,
    buffered_normalization,
    constants_beside_weights,
    parse_normalization,
    stored_normalization,
)
from thinice_tui.models.normalization_names import is_normalization
from thinice_tui.models.sparsity import Sparsity, measure_sparsity
from thinice_tui.protocol.arch_spec import ROBUSTBENCH

OTHERS = 5
"""The most other weights of a file that a message names."""
UNSAVED = "{}: the network of --arch keeps its own values, so that a pruned model's masks would not be applied"
"""The note of a network with masks that its state dict does not hold."""
AS_STORED = "its masks and scores are loaded as they are stored: the network of --arch has them itself"
"""The note of a network whose names are those of the file before folding."""


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

    @property
    def possible_architectures(self) -> tuple[str, ...]:
        """The names, without widths, of the architectures that it may be, the usual one first; one: it is known."""
        return tuple(model.arch.partition(" (")[0] for model in (self, *self.alternatives))

    @property
    def has_own_code(self) -> bool:
        """Whether the network's code is the file's or the user's, and neither a known architecture nor timm's."""
        return self.checkpoint.network is not None or is_own_code(self.arch)

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
        return _loaded(checkpoint, _own_network(checkpoint, arch), normalize)
    built = _built_network(checkpoint, arch)
    if AS_STORED in built.notes:
        checkpoint = replace(checkpoint, folded=(), keep=None)
    checkpoint = replace(checkpoint, stored=None)  # the network has its values: no need to hold them twice
    others = tuple(_loaded(checkpoint, other, normalize) for other in built.alternatives)
    return replace(_loaded(checkpoint, built, normalize), alternatives=others)


def _loaded(checkpoint: Checkpoint, built: BuiltNetwork, normalize: str) -> LoadedModel:
    """The model of a network that holds its weights."""
    network = built.network
    if normalize == "auto":
        normalization, source = _normalization(checkpoint, built)
    else:
        normalization, source = parse_normalization(normalize), "given"
    network.eval()
    for parameter in network.parameters():  # scripted modules have no requires_grad_
        parameter.requires_grad_(False)
    unsaved = unsaved_masks(network) if built.code and checkpoint.network is None else []
    notes = (UNSAVED.format(some("the file does not hold", tuple(unsaved))),) if unsaved else ()
    unused = _left_out(built.constants, network) if source == "inside the network" else ()
    sparsity = measure_sparsity(network, own_code=checkpoint.network is not None or is_own_code(built.name))
    return LoadedModel(
        checkpoint,
        built.name,
        normalization,
        network,
        sparsity,
        code_sha256(built.code),
        source,
        (*checkpoint.notes, *built.notes, *notes, *unused, *sparsity.notes),
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


def _built_network(checkpoint: Checkpoint, arch: str) -> BuiltNetwork:
    """The network of a state dict, with its values."""
    stored = checkpoint.about.get("arch")
    chosen = _configured(checkpoint) if arch == "auto" else arch
    wanted = _wanted(chosen, stored, checkpoint.state)
    if (
        names_code(wanted)
        and checkpoint.stored is not None
        and (as_stored := _as_stored(checkpoint, wanted)) is not None
    ):
        return as_stored
    if checkpoint.refusal is not None:
        raise checkpoint.refusal
    try:
        sizes = checkpoint.sizes if chosen == checkpoint.arch else None
        built = build_network(wanted, checkpoint.state, str(checkpoint.path), stored, sizes, others=arch == "auto")
    except (UsageError, CodeError) as error:
        if arch != "auto":
            raise
        what = error.what.removeprefix(f"--arch {wanted}: ")
        raise CheckpointError(f"{checkpoint.path}: is for the architecture {wanted}: {what}", error.do) from error
    except CheckpointError as error:
        if not checkpoint.others:
            raise
        others = ", ".join(checkpoint.others[:OTHERS])
        raise CheckpointError(
            error.what, f"{error.do}; or choose other weights of the file with --key, which it holds under {others}"
        ) from error
    for one in (built, *built.alternatives):
        _load_strictly(one, checkpoint)
        if one.unusual:
            check_chain(one.network, one.name, str(checkpoint.path))
    return built


def _wanted(arch: str, stored: object, state: Mapping[str, Tensor]) -> str:
    """What the user names; for `auto`, what the file names if its tensors fit that (a published network's name is also
    used for versions with another stem)."""
    if arch != "auto" or not isinstance(stored, str) or stored not in KNOWN:
        return arch
    return arch if closest_view(KNOWN[stored], state)[1].count else stored


def _configured(checkpoint: Checkpoint) -> str:
    """The architecture that a folder's config.json names, else auto; raises CheckpointError where the user must."""
    if checkpoint.needs_arch:
        raise CheckpointError(
            f"{checkpoint.path}: {checkpoint.needs_arch}",
            "give the network's code with --arch FILE.py:factory, a function that returns the torch module",
        )
    return checkpoint.arch or "auto"


def _as_stored(checkpoint: Checkpoint, spec: str) -> BuiltNetwork | None:
    """The network of the user's code with the masks as they are stored; None: there are none, or not by its names."""
    if checkpoint.stored is None:
        return None
    try:
        built = build_network(spec, checkpoint.stored, str(checkpoint.path))
    except CheckpointError:
        return None
    if hidden := unsaved_state(built.network):
        error = missing_parametrization(hidden)
        raise CheckpointError(f"{checkpoint.path}: {error.what}", error.do)
    _load_strictly(built, checkpoint)
    return replace(built, notes=(AS_STORED, *built.notes))


def _normalization(checkpoint: Checkpoint, built: BuiltNetwork) -> tuple[Normalization | None, Source]:
    """The normalisation that the file says, in buffers or in its metadata, and which of these it was."""
    constants = built.constants
    if built.takes_pixels or inner_constants(built.network):
        return None, "inside the network"
    if constants:
        return buffered_normalization(constants, str(checkpoint.path)), "the file's buffers"
    if "normalization" in checkpoint.about:
        stored = checkpoint.about["normalization"]
        return stored_normalization(stored, str(checkpoint.path)), "the file's metadata"
    if beside := constants_beside_weights(checkpoint.about):
        return buffered_normalization(beside, str(checkpoint.path)), "the file's metadata"
    return None, "undecided"


def _left_out(buffers: Mapping[str, Tensor], network: nn.Module) -> tuple[str, ...]:
    """A note where constants of the file are not used, since the network has its own; empty: it has those."""
    unused = ", ".join(key for key in buffers if key not in network.state_dict())
    own = ", ".join(inner_constants(network))
    return (f"{unused} left out: the network normalises its images itself ({own})",) if unused else ()


def _load_strictly(built: BuiltNetwork, checkpoint: Checkpoint) -> None:
    """Load the state, whose names and shapes are those of the network; raises CheckpointError where that fails.

    Nothing is missing but counters, which old torch did not save and evaluation never reads, and a normalisation's
    constants that the network has itself.
    """
    expected = built.network.state_dict()
    own = {key: value for key, value in expected.items() if is_normalization(key) and not value.is_meta}
    counters = {key: torch.tensor(0) for key in expected if key.endswith(COUNTER)}
    found = own | {key: value for key, value in built.state.items() if not key.endswith(COUNTER)} | counters
    for key, value in found.items():
        # A network with values copies masks of any type into its own; one without takes the tensors as they are.
        assigned = expected[key].is_meta and expected[key].is_floating_point() and not value.is_floating_point()
        if assigned or value.is_complex():
            raise CheckpointError(
                f"{checkpoint.path}: {key} is of type {str(value.dtype).removeprefix('torch.')}, expected floating "
                "weights",
                "save the weights that the network computes with: model.float().state_dict()",
            )
    without_values = any(isinstance(value, Tensor) and value.is_meta for value in expected.values())
    try:
        built.network.load_state_dict(found, strict=True, assign=without_values)
    except Exception as error:  # the user's own code may load in its own way
        raise CheckpointError(
            f"{checkpoint.path}: cannot be loaded into {built.name}: {reason(error)}",
            "save the whole module (torch.save(model)) and load it with --trust-pickle",
        ) from error
