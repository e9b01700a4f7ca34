"""Samples of arrays in memory: checked whole, with the fingerprint of the same data on disk."""

from pathlib import Path

import numpy as np
import pytest

from thinice_tui.data.in_memory import samples_in_memory
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError

IMAGES = np.random.default_rng(0).integers(0, 256, (200, 3, 4, 4), dtype=np.uint8)
LABELS = np.arange(200) % 3


def test_they_are_those_of_a_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    ours, theirs = samples_in_memory(IMAGES, LABELS), read_samples(str(tmp_path / "a.npz"))
    assert ours.fingerprint == theirs.fingerprint and np.array_equal(ours.floats(), theirs.floats())
    assert ours.class_names == () and ours.indices.tolist() == list(range(200))


def test_channels_are_first_whatever_the_other_axes_are() -> None:
    assert samples_in_memory(IMAGES[:, :, :, :3], LABELS).images.shape == (200, 3, 4, 3)
    with pytest.raises(DataError, match="expected 1 or 3 channels, first"):
        samples_in_memory(IMAGES.transpose(0, 2, 3, 1), LABELS)


def test_every_image_is_checked() -> None:
    floats = IMAGES.astype(np.float64) / 255
    floats[133, 0, 0, 0] = np.nan
    with pytest.raises(DataError, match="index 133"):
        samples_in_memory(floats, LABELS)
    floats[133, 0, 0, 0] = 1.0000004
    assert samples_in_memory(floats, LABELS).floats().max() == 1


def test_one_hot_labels_indices_and_names() -> None:
    samples = samples_in_memory(IMAGES, np.eye(3)[LABELS], np.arange(200) + 7, ["a", "b", "c"])
    assert samples.labels.tolist() == LABELS.tolist() and samples.indices[0] == 7
    assert samples.class_names == ("a", "b", "c")


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (IMAGES[0], LABELS, r"have shape \(3, 4, 4\)"),
        (IMAGES[:0], LABELS[:0], "there are none"),
        (IMAGES, LABELS.astype(str), "labels: are <U"),
        (IMAGES.astype(int), LABELS, "images are int64"),
        (IMAGES, LABELS + 0.5, "labels are float64"),
    ],
    ids=["one image", "none", "text", "integers", "fractions"],
)
def test_other_arrays_are_refused(images: np.ndarray, labels: np.ndarray, said: str) -> None:
    with pytest.raises(DataError, match=said):
        samples_in_memory(images, labels)
