"""The same arrays in every kind of file, layout and type are the same samples."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch.utils.data import TensorDataset

from tests.data.published import RANDOM, colour, safetensors
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError, UsageError

KINDS = ("npz", "npz compressed", "npy", "pt", "pt pair", "pt old", "pt dataset", "safetensors")
LABELS = np.array([2, 0, 1, 2, 0, 1])


def write(folder: Path, kind: str, images: NDArray[Any], labels: NDArray[Any]) -> str:
    """The spec of a new file of that kind."""
    native = [np.ascontiguousarray(array, array.dtype.newbyteorder("=")) for array in (images, labels)]
    tensors = [torch.from_numpy(array) for array in native]
    named = dict(zip(("images", "labels"), tensors, strict=True))
    path = folder / f"made.{kind.split()[0]}"
    if kind == "npz":
        np.savez(path, images=images, labels=labels)
    elif kind == "npz compressed":
        np.savez_compressed(path, images=images, labels=labels)
    elif kind == "npy":
        np.save(folder / "the images.npy", images)
        np.save(folder / "y, or labels.npy", labels)
        return f"{folder}/the images.npy,{folder}/y, or labels.npy"
    elif kind == "pt":
        torch.save(OrderedDict(named), path)
    elif kind == "pt pair":
        torch.save(tuple(tensors), path)
    elif kind == "pt old":
        torch.save(named, path, _use_new_zipfile_serialization=False)
    elif kind == "pt dataset":
        torch.save(TensorDataset(*tensors), path)
    else:
        path.write_bytes(safetensors({"labels": native[1], "images": native[0]}))
    return str(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(KINDS),
    last=st.booleans(),
    channels=st.sampled_from([1, 3]),
    one_hot=st.sampled_from([None, np.uint8, np.float32, np.bool_]),
    dtype=st.sampled_from([np.uint8, np.float16, np.float32, np.float64]),
    label_dtype=st.sampled_from([np.int64, np.int32, np.uint8]),
    fortran=st.booleans(),
)
def test_layout_type_and_container_make_no_difference(
    tmp_path: Path, kind: str, last: bool, channels: int, one_hot: Any, dtype: Any, label_dtype: Any, fortran: bool
) -> None:
    pixels = colour(size=8)[:, :channels]
    stored = pixels if dtype is np.uint8 else (pixels / 255).astype(dtype)
    stored = stored.transpose(0, 2, 3, 1) if last else stored
    stored = np.asfortranarray(stored) if fortran else np.ascontiguousarray(stored)
    labels = LABELS.astype(label_dtype) if one_hot is None else np.eye(3)[LABELS].astype(one_hot)
    if kind == "safetensors":
        labels = labels.astype(np.uint8) if labels.dtype == np.bool_ else labels
    samples = read_samples(write(tmp_path, kind, stored, labels))
    assert samples.images.shape == (6, channels, 8, 8)
    wanted = pixels if dtype is np.uint8 else (pixels / 255).astype(dtype).astype(np.float32)
    assert samples.images.dtype == wanted.dtype
    assert np.array_equal(samples.images[:], wanted)
    assert np.array_equal(samples.images[np.array([4, 1, 2, 5])], wanted[[4, 1, 2, 5]])
    assert np.array_equal(samples.images[2:5], wanted[2:5])
    assert np.allclose(samples.floats(), pixels / 255, atol=1e-3) and samples.floats().dtype == np.float32
    assert samples.labels.tolist() == LABELS.tolist() and samples.labels.dtype == np.int64
    assert samples.indices.tolist() == list(range(6))


@pytest.mark.parametrize("kind", KINDS)
def test_the_fingerprint_is_of_the_data_not_of_its_file(tmp_path: Path, kind: str) -> None:
    images = np.arange(6 * 3 * 64, dtype=np.uint8).reshape(6, 3, 8, 8)
    first = read_samples(write(tmp_path, "npz", images, LABELS)).fingerprint
    assert read_samples(write(tmp_path, kind, images.transpose(0, 2, 3, 1), LABELS)).fingerprint == first
    assert read_samples(write(tmp_path, kind, images, LABELS[::-1])).fingerprint != first


def test_big_endian_and_grey_without_a_channel(tmp_path: Path) -> None:
    grey = RANDOM.random((6, 8, 8)).astype(">f4")
    for kind in ("npz", "npz compressed", "npy"):
        samples = read_samples(write(tmp_path, kind, grey, LABELS.astype(">i4")))
        assert np.array_equal(samples.images[:], grey.astype(np.float32)[:, None])
        assert samples.labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize("kind", ["npz", "npz compressed", "pt", "safetensors"])
def test_keys_are_found_by_convention_or_named(tmp_path: Path, kind: str) -> None:
    images, other = colour(size=8), colour(size=8)
    arrays = {"x_test": images, "y_test": LABELS, "adv": other, "clean labels": LABELS[::-1].copy()}
    path = tmp_path / f"made#1.{kind.split()[0]}"
    if kind == "pt":
        torch.save({key: torch.from_numpy(array) for key, array in arrays.items()}, path)
    elif kind == "safetensors":
        path.write_bytes(safetensors(arrays))
    else:
        (np.savez if kind == "npz" else np.savez_compressed)(path, **arrays)  # type: ignore[arg-type]
    assert np.array_equal(read_samples(str(path)).images[:], images)
    named = read_samples(f"{path}#images=adv,labels=clean labels")
    assert np.array_equal(named.images[:], other) and named.labels.tolist() == LABELS[::-1].tolist()
    with pytest.raises(DataError, match=r"has no 'absent' .it holds: .*x_test"):
        read_samples(f"{path}#labels=absent")
    with pytest.raises(UsageError, match="names masks"):
        read_samples(f"{path}#masks=x")


@pytest.mark.parametrize("kind", ["npz", "pt", "safetensors"])
def test_indices_in_a_file_are_the_samples_ids(tmp_path: Path, kind: str) -> None:
    arrays = {"images": colour(size=8), "labels": LABELS, "indices": np.array([9, 3, 100, 7, 8, 0])}
    for wrong in (None, np.array([1, 1, 2, 3, 4, 5]), np.array([-1, 1, 2, 3, 4, 5])):
        arrays |= {} if wrong is None else {"indices": wrong}
        path = tmp_path / f"made.{kind}"
        if kind == "pt":
            torch.save({key: torch.from_numpy(array) for key, array in arrays.items()}, path)
        elif kind == "npz":
            np.savez(path, **arrays)  # type: ignore[arg-type]
        else:
            path.write_bytes(safetensors(arrays))
        if wrong is None:
            assert read_samples(str(path)).indices.tolist() == [9, 3, 100, 7, 8, 0]
        else:
            with pytest.raises(DataError, match=r"twice|lowest index is -1"):
                read_samples(str(path))


@pytest.mark.parametrize(
    ("images", "labels"), [("images", "labels"), ("x_test", "y_test"), ("test_images", "test_labels"), ("a", "labels")]
)
def test_labels_are_found_beside_an_npy(tmp_path: Path, images: str, labels: str) -> None:
    np.save(tmp_path / f"{images}.npy", colour(size=8))
    with pytest.raises(DataError, match="no labels beside it"):
        read_samples(f"{tmp_path}/{images}.npy")
    np.save(tmp_path / f"{labels}.npy", LABELS)
    assert read_samples(f"{tmp_path}/{images}.npy").labels.tolist() == LABELS.tolist()


def test_old_torchvisions_processed_mnist(tmp_path: Path) -> None:
    """MNIST/processed/test.pt was a pair (images [n,28,28], labels)."""
    grey = RANDOM.integers(0, 256, (6, 28, 28), dtype=np.uint8)
    torch.save((torch.from_numpy(grey), torch.from_numpy(LABELS)), tmp_path / "test.pt")
    assert np.array_equal(read_samples(str(tmp_path / "test.pt")).images[:], grey[:, None])


def test_half_precision_of_torch_and_names_in_a_dict(tmp_path: Path) -> None:
    images = torch.rand(6, 3, 8, 8).bfloat16()
    content = {"data": images, "targets": torch.from_numpy(LABELS), "class_names": ["a", "b", "c"]}
    torch.save(content, tmp_path / "a.pt")
    samples = read_samples(str(tmp_path / "a.pt"))
    assert np.array_equal(samples.images[:], images.float().numpy()) and samples.class_names == ("a", "b", "c")


def test_later_batches_are_checked_as_they_are_read(tmp_path: Path) -> None:
    """A few images are looked at when the file is opened; the others before any is attacked."""
    images = np.zeros((1000, 1, 4, 4), dtype=np.float32)
    images[501, 0, 2, 2] = np.nan
    samples = read_samples(write(tmp_path, "npy", images, np.zeros(1000, dtype=np.int64)))
    assert samples.floats(slice(0, 500)).max() == 0
    with pytest.raises(DataError, match="1 images of 3 that were read hold NaN"):
        samples.floats(np.array([500, 501, 502]))
    with pytest.raises(DataError, match="hold NaN"):
        _ = samples.fingerprint
    images[501, 0, 2, 2] = 200
    samples = read_samples(write(tmp_path, "npz", images, np.zeros(1000, dtype=np.int64)))
    with pytest.raises(DataError, match=r"expected \[0, 1\]") as caught:
        list(samples.each())
    assert "divide by 255" in caught.value.do


def test_a_file_cut_short_while_it_is_read_is_an_error_not_a_crash(tmp_path: Path) -> None:
    spec = write(tmp_path, "npy", colour(size=8), LABELS)
    samples = read_samples(spec)
    with (tmp_path / "the images.npy").open("r+b") as stream:
        stream.truncate(300)
    with pytest.raises(DataError, match="was cut short while it was read"):
        samples.floats()
