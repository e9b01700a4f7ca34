"""The logit margin, for arrays. (attacks/losses.py has it for tensors.)"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def logit_margin(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> Array:
    """m = z_y − max over j≠y of z_j, for logits [n,C] and labels [n]; float64 [n], NaN where logits are.

    Positive: classified correctly. Scales differ between models: do not compare margins of two models.
    """
    rows = np.arange(len(labels))
    others = logits.astype(np.float64)
    own = others[rows, labels].copy()
    others[rows, labels] = -np.inf
    margin: Array = own - others.max(axis=1)
    return margin
