"""Pixels as numbers in [0,1], as models take them."""

import numpy as np
from numpy.typing import NDArray


def as_floats(images: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float32]:
    """Images of any shape as float32 in [0,1]; uint8 is divided by 255."""
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(255)
    return images.astype(np.float32, copy=False)
