"""Images [C,H,W] as pixels [H,W,3] of 8 bits a channel: drawn, enlarged, shrunk, and the difference of two."""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8] | NDArray[np.float32]
"""[C,H,W], uint8 in [0,255] or float in [0,1]."""
Pixels = NDArray[np.uint8]
"""[H,W,3], red, green and blue."""

NO_CHANGE = 128
"""Mid grey: the level of an unchanged pixel."""
LARGEST = 0.5
"""An amplified difference of this size is black or white."""
FACTORS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
ROUND_OFF = 1e-7
"""Two float32 computations of one number in [0,1] may differ by this much."""


def to_pixels(image: Image) -> Pixels:
    """`image` [C,H,W] as pixels [H,W,3], rounded to 8 bits.

    One channel is grey, three are colours; of four the last is alpha and dropped; any other number is shown as the mean
    of its channels. Floats outside [0,1] are clipped, and NaN is 0. Raises ValueError unless `image` has three axes,
    none of them empty, and is uint8 or float.
    """
    return np.rint(255 * _coloured(_unit(image))).astype(np.uint8)


def perturbation(clean: Image, adversarial: Image) -> tuple[Pixels, float]:
    """`adversarial` − `clean`, both [C,H,W], as pixels [H,W,3] around mid grey, and the factor it is amplified by.

    128 is no change, brighter is more, darker is less. The factor is the largest of FACTORS that keeps every change
    within ±0.5; larger changes are clipped at factor 1. Equal images have factor 1. Channels are shown as by
    `to_pixels`. Raises ValueError as `to_pixels` does, and for two different shapes.
    """
    if clean.shape != adversarial.shape:
        raise ValueError(f"images of shapes {clean.shape} and {adversarial.shape}, expected equal shapes")
    delta = _coloured(_unit(adversarial) - _unit(clean))
    largest = float(np.abs(delta).max()) - ROUND_OFF
    factor = max((f for f in FACTORS if f * largest <= LARGEST), default=1) if largest > 0 else 1
    return np.rint(NO_CHANGE + 255 * factor * delta).clip(0, 255).astype(np.uint8), float(factor)


def fitted(pixels: Pixels, columns: int, rows: int) -> Pixels:
    """`pixels` [H,W,3] scaled to at most `columns` × `rows` terminal cells, each 1 pixel wide and 2 high.

    Small images are enlarged by the largest whole factor that fits, so that every pixel stays a square; larger
    ones shrink to the mean over the area of each new pixel. The aspect ratio is kept to the nearest pixel.
    Never smaller than 1 × 1, even if that does not fit.
    """
    height, width = pixels.shape[:2]
    factor = min(columns // width, 2 * rows // height)
    if factor >= 1:
        return enlarged(pixels, factor)
    scale = min(columns / width, 2 * rows / height)
    down, across = (_area_means(old, max(1, round(old * scale))) for old in (height, width))
    means: NDArray[np.float64] = np.einsum("yh,xw,hwc->yxc", down, across, pixels, optimize=True)
    return np.rint(means).astype(np.uint8)


def enlarged(pixels: Pixels, factor: int) -> Pixels:
    """`pixels` [H,W,...], each repeated `factor` times down and across."""
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)


def _unit(image: Image) -> NDArray[np.float32]:
    """`image` as float32 in [0,1]."""
    if image.ndim != 3 or 0 in image.shape:
        raise ValueError(f"an image of shape {image.shape}, expected [C,H,W], none of them 0")
    if image.dtype == np.uint8:
        return image.astype(np.float32) / np.float32(255)
    if not np.issubdtype(image.dtype, np.floating):
        raise ValueError(f"an image of {image.dtype}, expected uint8 or float")
    clipped = np.clip(image, 0, 1).astype(np.float32)
    return np.where(np.isnan(clipped), np.float32(0), clipped)


def _coloured(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """[C,H,W], any C, as [H,W,3]."""
    if len(image) not in (3, 4):
        image = image.mean(axis=0, keepdims=True)
    return np.moveaxis(np.broadcast_to(image[:3], (3, *image.shape[1:])), 0, -1)


def _area_means(old: int, new: int) -> NDArray[np.float64]:
    """[new,old]: the share of each of `old` pixels in each of `new` ones that cover the same length."""
    edges = np.linspace(0, old, new + 1)
    pixels = np.arange(old)
    overlaps = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return overlaps.clip(0) * (new / old)
