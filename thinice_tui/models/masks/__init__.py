"""Masks that lie beside the weights, folded into them: what is loaded are effective weights.

Each family is told by the names that its method gives its tensors (domain: "Checkpoints in the wild").
"""

from collections.abc import Mapping, Sequence

from torch import Tensor

from thinice_tui.errors import CheckpointError
from thinice_tui.models.masks.mask_file import Sidecar, fold_sidecar
from thinice_tui.models.masks.products import fold_beside, fold_parametrized, fold_softplus, fold_torch_prune
from thinice_tui.models.masks.scores import fold_scores
from thinice_tui.models.masks.twinrep import fold_twinrep

State = dict[str, Tensor]
MASKS = ("_mask", ".mask", "_scores", ".scores", "_orig")
"""How names end that are masks, whatever method made them."""


def fold_masks(
    state: Mapping[str, Tensor], keep: float | None, beside: Sidecar | None, path: str
) -> tuple[State, tuple[str, ...], float | None]:
    """Effective weights, what was folded into them in words, and `keep` where it was needed.

    keep: the fraction that scores keep; raises CheckpointError where it is needed and None, and where a mask does
    not fit its weight. beside: masks from another file.
    """
    folded: State = dict(state)
    said: list[str] = []
    try:
        for fold in (fold_torch_prune, fold_parametrized, fold_softplus, fold_twinrep, fold_beside):
            folded, note = fold(folded)
            said += [note] if note else []
        folded, note, used = fold_scores(folded, keep, path)
        said += [note] if note else []
        if beside is not None:
            folded, note = fold_sidecar(folded, beside)
            said.append(note)
    except (RuntimeError, ValueError, IndexError) as error:
        raise CheckpointError(
            f"{path}: its masks do not fit its weights: {error}", "the file is damaged, or its method is not known here"
        ) from error
    return folded, tuple(said), used


def mask_names(names: Sequence[str]) -> list[str]:
    """Those that look like masks of a method which is not known here."""
    return [name for name in names if name.endswith(MASKS)]
