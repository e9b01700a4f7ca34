"""The folder of a published data set is recognised by its files."""

from pathlib import Path

import pytest

from thinice_tui.data.sources.suggested_spec import suggested_spec


@pytest.mark.parametrize(
    ("file", "spec"),
    [
        ("test_batch", "cifar10:{}"),
        ("cifar-100-python/test", "cifar100:{}"),
        ("test_32x32.mat", "svhn:{}"),
        ("t10k-images-idx3-ubyte.gz", "mnist:{} or fashion-mnist:{}"),
        ("FashionMNIST/raw/train-images-idx3-ubyte", "fashion-mnist:{}#train"),
    ],
)
def test_a_published_set_is_named(tmp_path: Path, file: str, spec: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).touch()
    assert suggested_spec(tmp_path).endswith(f"write {spec.format(tmp_path, tmp_path)}")


def test_any_other_folder_has_no_spec(tmp_path: Path) -> None:
    (tmp_path / "images.npy").touch()
    assert suggested_spec(tmp_path) == ""
