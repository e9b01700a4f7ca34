"""The normalisations in the code of published pruning methods, whose files do not hold them.

Sources: MAD's `utils/mask_network_utils.py` (ByungKwanLee/Masking-Adversarial-Damage); `train_eb.py` and `main_adv.py`
of RobustBird and FlyingBird (VITA-Group/Sparsity-Win-Robust-Generalization), whose own files have these constants as
buffers and those of pralab/AdversarialPruningBenchmark none; `data/cifar.py` of robust scratch tickets
(GATECH-EIC/Robust-Scratch-Ticket).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from thinice_tui.models.formats.checkpoint import Checkpoint

DEFAULT = "cifar10"
"""The data for which these methods publish their networks."""


@dataclass(frozen=True)
class Method:
    """A pruning method, and the names of the normalisations in its code, by the usual one of the data."""

    name: str
    constants: Mapping[str, str]


MAD = Method("MAD", {"cifar10": "cifar10-2023", "svhn": "mad-svhn", "cifar100": "mad-cifar100"})
BIRDS = Method("RobustBird and FlyingBird", {"cifar10": "cifar10", "cifar100": "cifar100"})
RST = Method("robust scratch tickets", {"cifar10": "rst"})


def method_of(checkpoint: Checkpoint) -> Method | None:
    """The method that wrote a file, by the masks that were folded and by what its training code saves beside them.

    None: no method whose code normalises is recognised.
    """
    folded = " ".join(checkpoint.folded)
    if re.search(r"\bMAD\b", folded):
        return MAD
    if re.search(r"\bRST\b", folded):
        return RST
    return BIRDS if _is_a_birds(checkpoint, folded) else None


def _is_a_birds(checkpoint: Checkpoint, folded: str) -> bool:
    """Whether FlyingBird's `mask_info` or both methods' best standard and robust accuracies are saved, or
    torch.nn.utils.prune, which RobustBird uses, has pruned one of their two networks."""
    saved = checkpoint.about.keys()
    if "mask_info" in saved or {"best_sa", "best_ra"} <= saved:
        return True
    networks = ({"conv1.weight", "bn.weight", "linear.weight"}, {"features.0.bias", "classifier.weight"})
    return "torch.nn.utils.prune" in folded and any(network <= checkpoint.state.keys() for network in networks)


def method_normalization(checkpoint: Checkpoint, usual: str = DEFAULT) -> tuple[Method, str] | None:
    """The method that wrote a file, and the name of the normalisation in its code for data whose usual one is `usual`.

    None: no method is recognised, or it has none for such data.
    """
    method = method_of(checkpoint)
    name = method and method.constants.get(usual)
    return (method, name) if method and name else None
