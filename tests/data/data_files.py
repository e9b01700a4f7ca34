"""Writes data files: published data sets byte by byte in their authors' layouts, class folders, and arrays."""

import gzip
import io
import json
import pickle
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import TensorDataset

from tests.safetensors_files import safetensors_bytes

RANDOM = np.random.default_rng(0)


def colour(n: int = 6, size: int = 32) -> NDArray[np.uint8]:
    """Random images [n,3,size,size]."""
    return RANDOM.integers(0, 256, (n, 3, size, size), dtype=np.uint8)


def python2_pickle(rows: NDArray[np.uint8], labels: Sequence[int], key: str = "labels") -> bytes:
    """The opcodes of Python 2's cPickle, as in the published CIFAR files: every string is a byte string."""
    dtype = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    shape = b"J" + len(rows).to_bytes(4, "little") + b"J" + rows.shape[1].to_bytes(4, "little") + b"\x86"
    data = b"T" + rows.nbytes.to_bytes(4, "little") + rows.tobytes()
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    array += b"(K\x01" + shape + dtype + b"\x89" + data + b"tb"
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    name = b"U" + bytes([len(key)]) + key.encode()
    pickled: bytes = b"\x80\x02}(U\x04data" + array + name + numbers + b"u."
    return pickled


def write_cifar10(
    folder: Path, images: NDArray[np.uint8], numbers: Sequence[int], changes: Mapping[str, object] = {}
) -> Path:
    """cifar-10-batches-py/{test_batch,batches.meta} as Python 3 pickles them: protocol 2, bytes as keys."""
    root = folder / "cifar-10-batches-py"
    root.mkdir(parents=True, exist_ok=True)
    batch: dict[bytes, object] = {b"batch_label": b"testing batch 1 of 1", b"labels": list(numbers)}
    batch[b"data"] = images.reshape(len(images), -1)
    batch[b"filenames"] = [b"%d.png" % number for number in range(len(images))]
    batch.update({key.encode(): value for key, value in changes.items()})
    (root / "test_batch").write_bytes(pickle.dumps(batch, protocol=2))
    meta = {b"num_cases_per_batch": 10000, b"label_names": [b"airplane", b"automobile"], b"num_vis": 3072}
    (root / "batches.meta").write_bytes(pickle.dumps(meta, protocol=2))
    return folder


def write_cifar10_train(folder: Path, images: NDArray[np.uint8], numbers: Sequence[int]) -> Path:
    """cifar-10-batches-py/data_batch_1 to 5: the images in five parts, one after the other."""
    root = folder / "cifar-10-batches-py"
    root.mkdir(parents=True, exist_ok=True)
    for number, rows in enumerate(np.array_split(np.arange(len(images)), 5), start=1):
        batch = {b"labels": [numbers[row] for row in rows], b"data": images[rows].reshape(len(rows), -1)}
        (root / f"data_batch_{number}").write_bytes(pickle.dumps(batch, protocol=2))
    return folder


def write_cifar100(
    folder: Path, images: NDArray[np.uint8], fine: Sequence[int], coarse: Sequence[int], split: str = "test"
) -> Path:
    """cifar-100-python/{test,meta}, or train, both kinds of labels."""
    root = folder / "cifar-100-python"
    root.mkdir(parents=True, exist_ok=True)
    batch = {b"fine_labels": list(fine), b"coarse_labels": list(coarse), b"data": images.reshape(len(images), -1)}
    (root / split).write_bytes(pickle.dumps(batch, protocol=2))
    meta = {b"fine_label_names": [b"apple", b"aquarium_fish"], b"coarse_label_names": [b"aquatic_mammals"]}
    (root / "meta").write_bytes(pickle.dumps(meta, protocol=2))
    return folder


def idx(array: NDArray[np.uint8]) -> bytes:
    """Yann LeCun's format: two zero bytes, 8 for unsigned bytes, the number of dimensions, each big-endian."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


def write_mnist(
    folder: Path,
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    packed: bool = False,
    dotted: bool = False,
    stem: str = "t10k",
) -> Path:
    """t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, as they are or gzipped; dotted: as some mirrors name them.

    stem: train for the training images.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for part, kind, array in ((f"{stem}-images", "idx3", images), (f"{stem}-labels", "idx1", labels)):
        name = f"{part}{'.' if dotted else '-'}{kind}-ubyte"
        content = idx(array)
        (folder / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(content) if packed else content)
    return folder


def encoded(image: NDArray[np.uint8], form: str = "PNG") -> bytes:
    """One image [C,H,W] as a file's content."""
    stream = io.BytesIO()
    Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).save(stream, form)
    return stream.getvalue()


def write_folders(folder: Path, images: Mapping[str, NDArray[np.uint8]], form: str = "PNG") -> Path:
    """A folder a class, images [n,C,H,W] in it as img_0.png, …."""
    for name, those in images.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(those):
            (folder / name / f"img_{number}.{form.lower()}").write_bytes(encoded(image, form))
    return folder


def write_parquet(
    path: Path, images: Sequence[bytes], labels: Sequence[int], names: Sequence[str] = (), column: str = "img"
) -> Path:
    """As `datasets` writes it: img{bytes,path}, label, and the features in the schema's metadata."""
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table(
        {
            column: [{"bytes": content, "path": f"{i}.png"} for i, content in enumerate(images)],
            "label": pa.array(labels, pa.int64()),
        }
    )
    features = {column: {"_type": "Image"}, "label": {"names": list(names), "_type": "ClassLabel"}}
    about = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    parquet.write_table(table.replace_schema_metadata(about if names else None), path, row_group_size=4)
    return path


PIXELS = RANDOM.integers(0, 256, (6, 3, 8, 8), dtype=np.uint8)
"""Images to store as arrays."""
LABELS = np.array([2, 0, 1, 2, 0, 1])
ARRAY_KINDS = ("npz", "npz compressed", "npy", "pt", "pt pair", "pt old", "pt dataset", "safetensors")
"""Kinds of files that hold images and labels as arrays."""
IMAGES = colour(6, 10)
"""Images to store as encoded files."""
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n"


def write_arrays(folder: Path, kind: str, images: NDArray[Any], labels: NDArray[Any]) -> str:
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
        path.write_bytes(safetensors_bytes({"labels": native[1], "images": native[0]}))
    return str(path)


def three_classes(folder: Path, form: str = "PNG") -> Path:
    """Three class folders, written in another order than that of their names."""
    return write_folders(folder, {"dog": IMAGES[3:5], "Cat": IMAGES[:3], "eel": IMAGES[5:]}, form)


def save_npz(path: Path, **arrays: object) -> str:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return str(path)
