"""A file on disk to a ready classifier, with everything the run file says about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from thinice_tui.errors import CheckpointError
from thinice_tui.models.architectures import KNOWN, build_network, code_sha256
from thinice_tui.models.checkpoint import Checkpoint, read_checkpoint
from thinice_tui.models.classifier import Classifier, Normalization
from thinice_tui.models.normalization import parse_normalization, stored_normalization
from thinice_tui.models.sparsity import Sparsity, measure_sparsity

MASKS = ("_mask", ".mask", "mask_weight", "popup_scores", ".scores")
"""How keys end under which pruning methods store what is to be multiplied onto the weights."""


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

    @property
    def path(self) -> Path:
        return self.checkpoint.path

    def classifier(self) -> Classifier:
        """The network behind its normalisation, frozen: images in [0,1] to float32 logits."""
        return Classifier(self.network, self.normalization)


def load_model(path: Path, arch: str = "auto", normalize: str = "auto") -> LoadedModel:
    """Read, build, load strictly, freeze. Raises CheckpointError or UsageError.

    `arch` auto: what the checkpoint names, else by its keys and shapes. `normalize` auto: what the
    checkpoint says, else none.
    """
    checkpoint = read_checkpoint(path)
    stored = checkpoint.about.get("arch")
    wanted = stored if arch == "auto" and isinstance(stored, str) and stored in KNOWN else arch
    with torch.random.fork_rng(devices=[]):  # building draws random weights, all of them overwritten
        name, network = build_network(wanted, checkpoint.state, str(path), stored)
    _load_strictly(network, checkpoint, name)
    if normalize == "auto":
        normalization = stored_normalization(checkpoint.about.get("normalization"), str(path))
    else:
        normalization = parse_normalization(normalize)
    network.eval()
    for parameter in network.parameters():  # scripted modules have no requires_grad_
        parameter.requires_grad_(False)
    return LoadedModel(checkpoint, name, normalization, network, measure_sparsity(network), code_sha256(name))


def _advice(keys: Iterable[str]) -> str:
    masks = sorted(key for key in keys if key.endswith(MASKS))
    if masks:
        return (
            f"it holds pruning masks beside the weights ({masks[0]}): fold them in before saving, for torch's own "
            "with torch.nn.utils.prune.remove(module, 'weight')"
        )
    return "name the right one with --arch; nothing is loaded in part, a half-random network would be judged"


def _load_strictly(network: nn.Module, checkpoint: Checkpoint, arch: str) -> None:
    expected = network.state_dict()
    # Counters that old torch did not save and that evaluation never reads; everything else must be there.
    counters = {key: value for key, value in expected.items() if key.endswith(".num_batches_tracked")}
    found = counters | checkpoint.state
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
            f"{checkpoint.path}: does not fit the architecture {arch}: {shown}",
            _advice(found),
        )
    network.load_state_dict(found, strict=True)
