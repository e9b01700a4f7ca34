"""CIFAR-10-C: one corruption and severity of the CIFAR-10 test set."""

from pathlib import Path

import numpy as np
import pytest

from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError, ThiniceError, UsageError


def write_cifar10_c(folder: Path) -> Path:
    """50 000 images a corruption, the severities one after the other; all zero but one a severity, so sparse."""
    folder.mkdir()
    images = np.lib.format.open_memmap(folder / "fog.npy", mode="w+", dtype=np.uint8, shape=(50_000, 32, 32, 3))
    for severity in range(1, 6):
        images[(severity - 1) * 10_000 + 17, 3, 4, 2] = severity
    images.flush()
    np.save(folder / "labels.npy", np.tile(np.arange(10_000) % 10, 5).astype(np.uint8))
    return folder


def test_cifar10_c_is_cut_by_severity(tmp_path: Path) -> None:
    folder = write_cifar10_c(tmp_path / "c")
    for severity in (1, 3, 5):
        samples = read_samples(f"cifar10-c:{folder}/fog@{severity}")
        assert samples.images.shape == (10_000, 3, 32, 32)
        assert samples.indices.tolist() == list(range(10_000))
        assert np.array_equal(samples.labels, np.arange(10_000) % 10)
        image = samples.images[np.array([17])][0]
        assert image[2, 3, 4] == severity and image.sum() == severity
        assert samples.class_names[3] == "cat" and samples.source.endswith(f"fog@{severity}")


@pytest.mark.parametrize(
    ("rest", "error", "message"),
    [
        ("c/fog", UsageError, "c/fog"),
        ("c/fog@0", UsageError, "c/fog@0"),
        ("c/fog@6", UsageError, "c/fog@6"),
        ("c/rain@1", DataError, "no such file"),
        ("d/fog@1", DataError, "no such file"),
        ("c/few@1", DataError, "shape .60, 32, 32, 3"),
    ],
)
def test_invalid_specs_and_files_are_refused(
    tmp_path: Path, rest: str, error: type[ThiniceError], message: str
) -> None:
    np.save(write_cifar10_c(tmp_path / "c") / "few.npy", np.zeros((60, 32, 32, 3), dtype=np.uint8))
    with pytest.raises(error, match=message) as caught:
        read_samples(f"cifar10-c:{tmp_path}/{rest}")
    assert "rain" not in rest or "few, fog" in caught.value.do
