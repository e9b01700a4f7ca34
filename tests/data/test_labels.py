"""Labels as class numbers, and those that are refused."""

import numpy as np
import pytest

from thinice_tui.data.labels import check_labels
from thinice_tui.errors import DataError


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(5), "expected one a sample|shape"),
        (np.array([0, 1, 2, -1, 0, 0]), "lowest label is -1"),
        (np.full(6, 0.5), "labels are float64, that of index 0 is 0.5"),
        (np.eye(6, dtype=np.int64) * 2, "not one-hot"),
        (np.eye(5, dtype=np.int64), "shape"),
    ],
)
def test_invalid_labels_are_refused(labels: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_labels(labels, 6, "made")
