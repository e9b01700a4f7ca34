"""Images and labels in one .npy each."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.data_files import LABELS, colour
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError


@pytest.mark.parametrize(
    ("images", "labels"), [("images", "labels"), ("x_test", "y_test"), ("test_images", "test_labels"), ("a", "labels")]
)
def test_labels_are_found_in_the_folder_of_an_npy(tmp_path: Path, images: str, labels: str) -> None:
    np.save(tmp_path / f"{images}.npy", colour(size=8))
    with pytest.raises(DataError, match="no labels in its folder"):
        read_samples(f"{tmp_path}/{images}.npy")
    np.save(tmp_path / f"{labels}.npy", LABELS)
    assert read_samples(f"{tmp_path}/{images}.npy").labels.tolist() == LABELS.tolist()
