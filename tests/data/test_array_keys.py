"""Arrays are found by usual names, or as named in the spec."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.data.data_files import LABELS, colour
from tests.safetensors_files import safetensors_bytes
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError, UsageError


@pytest.mark.parametrize("kind", ["npz", "npz compressed", "pt", "safetensors"])
def test_keys_are_found_by_convention_or_named(tmp_path: Path, kind: str) -> None:
    images, other = colour(size=8), colour(size=8)
    arrays = {"x_test": images, "y_test": LABELS, "adv": other, "clean labels": LABELS[::-1].copy()}
    path = tmp_path / f"made#1.{kind.split()[0]}"
    if kind == "pt":
        torch.save({key: torch.from_numpy(array) for key, array in arrays.items()}, path)
    elif kind == "safetensors":
        path.write_bytes(safetensors_bytes(arrays))
    else:
        (np.savez if kind == "npz" else np.savez_compressed)(path, **arrays)  # type: ignore[arg-type]
    assert np.array_equal(read_samples(str(path)).images[:], images)
    named = read_samples(f"{path}#images=adv,labels=clean labels")
    assert np.array_equal(named.images[:], other) and named.labels.tolist() == LABELS[::-1].tolist()
    with pytest.raises(DataError, match=r"has no 'absent' .it holds: .*x_test"):
        read_samples(f"{path}#labels=absent")
    with pytest.raises(UsageError, match="names masks"):
        read_samples(f"{path}#masks=x")
