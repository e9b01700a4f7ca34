"""Data specs: unknown ones, options that do not apply, and those stored in a checkpoint."""

from pathlib import Path

import pytest

from thinice_tui.data.spec import read_samples, stored_spec
from thinice_tui.errors import UsageError
from thinice_tui.protocol.data_options import DataOptions


def test_unknown_specs_are_refused_and_stored_paths_are_relative_to_the_checkpoint() -> None:
    for wrong in ("imagenet:there", "folder", "a.txt"):
        with pytest.raises(UsageError, match=r"expected cifar10:DIR, .* FILE.npz"):
            read_samples(wrong)
    assert stored_spec({"dataset": "x.npz"}, Path("/models/dense.pt")) == "/models/x.npz"
    assert stored_spec({"dataset": "cifar10:data"}, Path("/models/dense.pt")) == "cifar10:/models/data"
    with pytest.raises(UsageError, match="names no data set"):
        stored_spec({}, Path("dense.pt"))


def test_options_for_image_files_are_refused_for_other_data(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--resize and --crop are for image files"):
        read_samples(f"cifar10:{tmp_path}", DataOptions(crop=8))
    with pytest.raises(UsageError, match="--class-map is for folders"):
        read_samples("a.npz", DataOptions(class_map=tmp_path))
    with pytest.raises(UsageError, match="--crop is 0"):
        DataOptions(crop=0)
