"""Files of torch.save with images and labels."""

from pathlib import Path

import numpy as np
import torch

from tests.data.data_files import (
    LABELS,
    RANDOM,
)
from thinice_tui.data.spec import read_samples


def test_a_pair_of_images_and_labels_is_read(tmp_path: Path) -> None:
    """MNIST/processed/test.pt was a pair (images [n,28,28], labels)."""
    grey = RANDOM.integers(0, 256, (6, 28, 28), dtype=np.uint8)
    torch.save((torch.from_numpy(grey), torch.from_numpy(LABELS)), tmp_path / "test.pt")
    assert np.array_equal(read_samples(str(tmp_path / "test.pt")).images[:], grey[:, None])


def test_bfloat16_images_and_class_names_in_a_dict_are_read(tmp_path: Path) -> None:
    images = torch.rand(6, 3, 8, 8).bfloat16()
    content = {"data": images, "targets": torch.from_numpy(LABELS), "class_names": ["a", "b", "c"]}
    torch.save(content, tmp_path / "a.pt")
    samples = read_samples(str(tmp_path / "a.pt"))
    assert np.array_equal(samples.images[:], images.float().numpy()) and samples.class_names == ("a", "b", "c")
