"""Whether eps suits the images: it should be visible in 8 bits, and must not allow every image to become grey."""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.attacks.norms import norm_of
from thinice_tui.data.layout import evenly_spaced
from thinice_tui.data.samples import Samples
from thinice_tui.protocol.settings import Settings
from thinice_tui.protocol.threat_model import Norm

GREY_LEVEL = 1 / 255
"""One step of an 8-bit image."""
IMAGES = 1000
"""Images that are compared with a grey one, spread over those selected."""
GREY = 0.5
GREY_SHARE = 0.01
"""Share of the images from which on a warning is given that a uniform grey image lies within eps."""


def check_budget(samples: Samples, settings: Settings) -> tuple[str, ...]:
    """A warning where eps is below one grey level, or turns 1 % of the images into the same grey one; else empty."""
    norm, eps = settings.norm, settings.eps
    if eps.value < GREY_LEVEL:
        return (
            f"eps {eps.text} is below one grey level (1/255 = {GREY_LEVEL:.4g}): hardly any sample can break, and an "
            "8-bit image cannot store such a change. Give it in units of [0,1] pixels",
        )
    positions = evenly_spaced(len(samples), IMAGES)
    parts = np.array_split(positions, 16)
    distances = np.concatenate([distance_to_grey(samples.floats(part), norm) for part in parts if len(part)])
    share = float((distances <= eps.value).mean())
    if share < GREY_SHARE:
        return ()
    return (
        f"eps {eps.text} under {norm} is so large that one image, a uniform grey, lies within it for "
        f"{100 * share:.1f} % of the samples: no model can be robust on all of them. Below "
        f"{float(np.quantile(distances, GREY_SHARE)):.3g} that holds for less than 1 %",
    )


def distance_to_grey(images: NDArray[np.float32], norm: Norm) -> NDArray[np.float64]:
    """The distance, float64 [n] in the norm, from each image [n,C,H,W] to the one that is GREY everywhere."""
    away = images.reshape(len(images), math.prod(images.shape[1:])).astype(np.float64) - GREY
    distances: NDArray[np.float64] = norm_of(norm).lengths(torch.from_numpy(away)).numpy()
    return distances
