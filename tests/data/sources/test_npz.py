"""NumPy archives: every name, layout and type, and invalid files."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.data_files import (
    PIXELS,
    save_npz,
)
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError


@pytest.mark.parametrize("names", [("images", "labels"), ("x_test", "y_test"), ("x", "y")])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.float16])
def test_every_name_layout_and_type_is_read(tmp_path: Path, names: tuple[str, str], layout: str, dtype: type) -> None:
    stored = PIXELS if dtype is np.uint8 else (PIXELS / 255).astype(dtype)
    if layout == "NHWC":
        stored = stored.transpose(0, 2, 3, 1)
    labels = np.array([0, 1, 2, 0, 1, 2], dtype=np.uint8)
    samples = read_samples(save_npz(tmp_path / "a.npz", **{names[0]: stored, names[1]: labels}))
    assert samples.images.shape == (6, 3, 8, 8) and samples.labels.dtype == np.int64
    assert np.allclose(samples.floats(), PIXELS / 255, atol=1e-3 if dtype is np.float16 else 1e-6)
    assert samples.floats().dtype == np.float32
    assert samples.indices.tolist() == [0, 1, 2, 3, 4, 5]


def test_invalid_archives_and_missing_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with pytest.raises(DataError, match="no such file"):
        read_samples(str(path))
    path.write_bytes(b"not an archive")
    with pytest.raises(DataError, match="cannot be read"):
        read_samples(str(path))
    whole = Path(save_npz(path, images=PIXELS, labels=np.arange(6))).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="cannot be read"):
        read_samples(str(path))
    with pytest.raises(DataError, match="no labels in it"):
        read_samples(save_npz(path, images=PIXELS))
    with pytest.raises(DataError, match="holds Python objects"):
        read_samples(save_npz(path, images=np.array([{"a": 1}], dtype=object), labels=np.arange(1)))
