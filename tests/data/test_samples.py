"""Samples keep their names and original indices, and have a fingerprint."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.data_files import (
    PIXELS,
    save_npz,
)
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError


def test_names_and_original_indices_are_kept(tmp_path: Path) -> None:
    spec = save_npz(
        tmp_path / "a.npz",
        images=PIXELS,
        labels=np.arange(6),
        class_names=np.array(list("abcdef")),
        indices=np.array([10, 11, 15, 20, 21, 22]),
    )
    first = read_samples(spec).first(3)
    assert first.class_names == tuple("abcdef") and first.indices.tolist() == [10, 11, 15]
    assert len(first) == 3
    for wrong in (0, 7, -1):
        with pytest.raises(DataError, match="holds 6 samples"):
            read_samples(spec).first(wrong)


def test_the_fingerprint_differs_for_other_data_and_not_for_other_files(tmp_path: Path) -> None:
    labels = np.arange(6)
    one = read_samples(save_npz(tmp_path / "a.npz", images=PIXELS, labels=labels))
    same = read_samples(save_npz(tmp_path / "b.npz", x=PIXELS.transpose(0, 2, 3, 1), y=labels))
    other = read_samples(save_npz(tmp_path / "c.npz", images=PIXELS, labels=labels[::-1]))
    assert one.fingerprint == same.fingerprint != other.fingerprint
