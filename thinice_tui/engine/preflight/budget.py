"""Whether eps makes sense for the images at hand: so large that an image can be wiped out, or too small to be seen."""

import math

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.layout import evenly_spaced
from thinice_tui.data.samples import Samples
from thinice_tui.protocol.settings import Settings
from thinice_tui.protocol.threat_model import Norm

GREY_LEVEL = 1 / 255
LOOKED_AT = 1000
"""Images, spread over those selected, that are compared with grey ones."""
GREY = 0.5
WIPED_OUT = 0.01
"""The share of images that may be within eps of a uniform grey one, without a word."""


def budget_warnings(samples: Samples, settings: Settings) -> list[str]:
    """Warnings about eps: below one grey level, or enough to turn images into a uniform grey."""
    norm, eps = settings.norm, settings.eps
    if eps.value < GREY_LEVEL:
        return [
            f"eps {eps.text} is below one grey level (1/255 = {GREY_LEVEL:.4g}): hardly any sample can break, and an "
            "image of 8 bits holds no such change. Did you mean it in units of [0,1] pixels?"
        ]
    positions = evenly_spaced(len(samples), LOOKED_AT)
    parts = np.array_split(positions, 16)
    needed = np.concatenate([distance_to_grey(samples.floats(part), norm) for part in parts if len(part)])
    share = float((needed <= eps.value).mean())
    if share < WIPED_OUT:
        return []
    return [
        f"eps {eps.text} under {norm} is so large that one and the same image, a uniform grey, is within it for "
        f"{100 * share:.1f} % of the samples: no model can be robust on all of them. Below "
        f"{float(np.quantile(needed, WIPED_OUT)):.3g} it would be less than 1 %"
    ]


def distance_to_grey(images: NDArray[np.float32], norm: Norm) -> NDArray[np.float64]:
    """From each of [n,C,H,W] to the image that is GREY in all pixels and channels: [n], in the norm."""
    away = images.reshape(len(images), math.prod(images.shape[1:])).astype(np.float64) - GREY
    found: NDArray[np.float64] = np.abs(away).max(axis=1, initial=0) if norm == "Linf" else np.linalg.norm(away, axis=1)
    return found
