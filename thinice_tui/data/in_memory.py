"""Images and labels in memory as samples."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from thinice_tui.data.samples import Samples
from thinice_tui.data.stored_data import StoredData, to_samples
from thinice_tui.errors import DataError

SOURCE = "images in memory"


def samples_in_memory(
    images: NDArray[Any],
    labels: NDArray[Any],
    indices: NDArray[Any] | None = None,
    class_names: Sequence[str] = (),
) -> Samples:
    """Samples of arrays: images [n,C,H,W], floats in [0,1] or uint8, C 1 or 3; labels [n], class numbers or one-hot.

    indices: [n], each sample's index in the original data; None: 0 to n − 1. class_names: by label. Every image is
    checked. Raises DataError.
    """
    if images.ndim != 4:
        raise DataError(f"images: have shape {images.shape}", "expected [n, channels, height, width]")
    if not len(images):
        raise DataError("images: there are none", "expected at least one")
    if labels.dtype.kind not in "biuf":
        raise DataError(f"labels: are {labels.dtype}", "expected class numbers, one a sample")
    named = len(class_names) or None
    remedy = "give every class, in order, in class_names" if named else ""
    stored = StoredData(images, labels, SOURCE, indices, tuple(class_names), classes=named, remedy=remedy)
    samples = to_samples(stored, layout="NCHW")
    assert samples.fingerprint  # reading all images checks them
    return samples
