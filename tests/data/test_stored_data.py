"""The same arrays in every kind of file, layout and type are the same samples."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.data_files import ARRAY_KINDS, LABELS, colour, write_arrays
from tests.safetensors_files import safetensors_bytes
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(ARRAY_KINDS),
    last=st.booleans(),
    channels=st.sampled_from([1, 3]),
    one_hot=st.sampled_from([None, np.uint8, np.float32, np.bool_]),
    dtype=st.sampled_from([np.uint8, np.float16, np.float32, np.float64]),
    label_dtype=st.sampled_from([np.int64, np.int32, np.uint8]),
    fortran=st.booleans(),
)
def test_layout_type_and_kind_of_file_make_no_difference(
    tmp_path: Path, kind: str, last: bool, channels: int, one_hot: Any, dtype: Any, label_dtype: Any, fortran: bool
) -> None:
    pixels = colour(size=8)[:, :channels]
    stored = pixels if dtype is np.uint8 else (pixels / 255).astype(dtype)
    stored = stored.transpose(0, 2, 3, 1) if last else stored
    stored = np.asfortranarray(stored) if fortran else np.ascontiguousarray(stored)
    labels = LABELS.astype(label_dtype) if one_hot is None else np.eye(3)[LABELS].astype(one_hot)
    if kind == "safetensors":
        labels = labels.astype(np.uint8) if labels.dtype == np.bool_ else labels
    samples = read_samples(write_arrays(tmp_path, kind, stored, labels))
    assert samples.images.shape == (6, channels, 8, 8)
    wanted = pixels if dtype is np.uint8 else (pixels / 255).astype(dtype).astype(np.float32)
    assert samples.images.dtype == wanted.dtype
    assert np.array_equal(samples.images[:], wanted)
    assert np.array_equal(samples.images[np.array([4, 1, 2, 5])], wanted[[4, 1, 2, 5]])
    assert np.array_equal(samples.images[2:5], wanted[2:5])
    assert np.allclose(samples.floats(), pixels / 255, atol=1e-3) and samples.floats().dtype == np.float32
    assert samples.labels.tolist() == LABELS.tolist() and samples.labels.dtype == np.int64
    assert samples.indices.tolist() == list(range(6))


@pytest.mark.parametrize("kind", ARRAY_KINDS)
def test_the_fingerprint_does_not_depend_on_the_kind_of_file(tmp_path: Path, kind: str) -> None:
    images = np.arange(6 * 3 * 64, dtype=np.uint8).reshape(6, 3, 8, 8)
    first = read_samples(write_arrays(tmp_path, "npz", images, LABELS)).fingerprint
    assert read_samples(write_arrays(tmp_path, kind, images.transpose(0, 2, 3, 1), LABELS)).fingerprint == first
    assert read_samples(write_arrays(tmp_path, kind, images, LABELS[::-1])).fingerprint != first


@pytest.mark.parametrize("kind", ["npz", "pt", "safetensors"])
def test_indices_in_a_file_are_the_samples_indices(tmp_path: Path, kind: str) -> None:
    arrays = {"images": colour(size=8), "labels": LABELS, "indices": np.array([9, 3, 100, 7, 8, 0])}
    for wrong in (None, np.array([1, 1, 2, 3, 4, 5]), np.array([-1, 1, 2, 3, 4, 5])):
        arrays |= {} if wrong is None else {"indices": wrong}
        path = tmp_path / f"made.{kind}"
        if kind == "pt":
            torch.save({key: torch.from_numpy(array) for key, array in arrays.items()}, path)
        elif kind == "npz":
            np.savez(path, **arrays)  # type: ignore[arg-type]
        else:
            path.write_bytes(safetensors_bytes(arrays))
        if wrong is None:
            assert read_samples(str(path)).indices.tolist() == [9, 3, 100, 7, 8, 0]
        else:
            with pytest.raises(DataError, match=r"twice|lowest index is -1"):
                read_samples(str(path))
