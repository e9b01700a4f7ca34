"""The logit margin, for arrays. (attacks/losses.py has it for tensors.)"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
CLOSE = 1e-4
"""A logit margin so near to zero that another batch size or device may round it to the other side."""


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
