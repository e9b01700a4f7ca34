"""Images and labels in the safetensors format."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.data.data_files import LABELS, PIXELS
from tests.safetensors_files import safetensors_bytes
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError


def test_images_labels_and_indices_are_read_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(safetensors_bytes({"x": PIXELS, "y": LABELS, "indices": LABELS * 0 + np.arange(6) + 10}))
    samples = read_samples(str(path))
    assert np.array_equal(samples.images[np.array([5, 0])], PIXELS[[5, 0]])
    assert samples.labels.tolist() == LABELS.tolist() and samples.indices.tolist() == list(range(10, 16))


def test_other_labels_give_a_note(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(safetensors_bytes({"images": PIXELS, "labels": LABELS, "coarse_label": LABELS % 2}))
    assert "#labels=coarse_label" in read_samples(str(path)).remarks[0]
    assert read_samples(f"{path}#labels=coarse_label").labels.tolist() == (LABELS % 2).tolist()


@pytest.mark.parametrize(
    ("images", "message"),
    [(torch.zeros(6, 3, 8, 8).bfloat16(), "images is of type BF16"), (torch.tensor(7.0), "images is a single value")],
)
def test_tensors_that_are_no_arrays_are_refused(tmp_path: Path, images: torch.Tensor, message: str) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(safetensors_bytes({"images": images, "labels": torch.from_numpy(LABELS)}))
    with pytest.raises(DataError, match=message) as caught:
        read_samples(str(path))
    assert caught.value.do
