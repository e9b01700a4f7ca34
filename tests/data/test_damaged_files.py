"""Files of every kind with bytes changed at random give samples or an error for the user, and never crash."""

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat

from tests.data.data_files import colour, encoded, write_cifar10, write_folders, write_mnist, write_parquet
from tests.safetensors_files import safetensors_bytes
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import ThiniceError

CHANGES = 60
LABELS = np.arange(6)
GREY = np.zeros((6, 4, 4), dtype=np.uint8)


def write_npz(folder: Path) -> None:
    np.savez(folder / "a.npz", images=colour(size=4), labels=LABELS, class_names=np.array(["a"] * 6), indices=LABELS)


def write_packed_npz(folder: Path) -> None:
    np.savez_compressed(folder / "a.npz", images=colour(size=4), labels=LABELS)


def write_npy(folder: Path) -> None:
    np.save(folder / "a.npy", colour(size=4))
    np.save(folder / "labels.npy", LABELS)


def write_pt(folder: Path) -> None:
    torch.save({"images": torch.rand(6, 3, 4, 4), "labels": torch.arange(6)}, folder / "a.pt")


def write_old_pt(folder: Path) -> None:
    content = {"images": torch.rand(6, 3, 4, 4), "labels": torch.arange(6)}
    torch.save(content, folder / "a.pt", _use_new_zipfile_serialization=False)


def write_safetensors(folder: Path) -> None:
    (folder / "a.safetensors").write_bytes(safetensors_bytes({"images": colour(size=4), "labels": LABELS}))


def write_mat(folder: Path, packed: bool = False) -> None:
    arrays = {"X": colour(2).transpose(2, 3, 1, 0), "y": np.ones((2, 1), np.uint8)}
    savemat(folder / "test_32x32.mat", arrays, do_compression=packed)


CASES: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "npz": (write_npz, "a.npz", "{}/a.npz"),
    "compressed npz": (write_packed_npz, "a.npz", "{}/a.npz"),
    "npy": (write_npy, "a.npy", "{}/a.npy"),
    "pt": (write_pt, "a.pt", "{}/a.pt"),
    "old pt": (write_old_pt, "a.pt", "{}/a.pt"),
    "safetensors": (write_safetensors, "a.safetensors", "{}/a.safetensors"),
    "parquet": (
        lambda folder: write_parquet(folder / "a.parquet", [encoded(i) for i in colour(size=4)], [0, 1] * 3, "ab"),
        "a.parquet",
        "{}/a.parquet",
    ),
    "cifar": (lambda folder: write_cifar10(folder, colour(2), [0, 1]), "cifar-10-batches-py/test_batch", "cifar10:{}"),
    "names": (lambda folder: write_cifar10(folder, colour(2), [0]), "cifar-10-batches-py/batches.meta", "cifar10:{}"),
    "idx": (lambda folder: write_mnist(folder, GREY, LABELS.astype(np.uint8)), "t10k-images-idx3-ubyte", "mnist:{}"),
    "idx.gz": (
        lambda folder: write_mnist(folder, GREY, LABELS.astype(np.uint8), packed=True),
        "t10k-images-idx3-ubyte.gz",
        "mnist:{}",
    ),
    "mat": (write_mat, "test_32x32.mat", "svhn:{}"),
    "compressed mat": (lambda folder: write_mat(folder, packed=True), "test_32x32.mat", "svhn:{}"),
    "png": (lambda folder: write_folders(folder, {"a": colour(2, 8)}), "a/img_0.png", "folder:{}"),
    "jpeg": (lambda folder: write_folders(folder, {"a": colour(2, 8)}, "JPEG"), "a/img_0.jpeg", "folder:{}"),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # NumPy and Pillow say what they think of it
@pytest.mark.parametrize("case", CASES)
def test_a_damaged_file_is_samples_or_a_message(tmp_path: Path, case: str) -> None:
    write, name, spec = CASES[case]
    write(tmp_path)
    path, draw = tmp_path / name, random.Random(case)
    whole = path.read_bytes()
    for _ in range(CHANGES):
        damaged = bytearray(whole)
        for _ in range(draw.choice([1, 2, 4, 16])):
            where = draw.randrange(draw.choice([min(len(whole), 64), min(len(whole), 512), len(whole)]))
            damaged[where if draw.random() < 0.7 else -1 - where % 200 % len(whole)] = draw.choice(
                [0, 255, 127, 128, 1]
            )
        path.write_bytes(damaged)
        with suppress(ThiniceError):
            assert read_samples(spec.format(tmp_path)).fingerprint
