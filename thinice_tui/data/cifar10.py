"""`cifar10:DIR`: the test batch of CIFAR-10's python version, read without executing pickled code."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from thinice_tui.data.samples import Samples, check_images, check_labels
from thinice_tui.errors import DataError

FOLDER = "cifar-10-batches-py"
_RECONSTRUCT = np.empty(0).__reduce__()[0]  # NumPy's own, wherever this version keeps it
_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _ArraysOnly(pickle.Unpickler):
    """Builds dicts, lists, strings and NumPy arrays; anything else is refused before it runs."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("_codecs", "encode"):
            return _latin1
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        raise pickle.UnpicklingError(f"it wants to run {module}.{name}")


def _latin1(text: str, encoding: str = "latin1") -> bytes:
    """What protocol 2 needs of `_codecs.encode`: bytes written as text, and no other codec."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it wants the codec {encoding}")
    return text.encode("latin1")


def read_cifar10(folder: Path) -> Samples:
    """The 10 000 test images in their original order; `folder` holds test_batch, or cifar-10-batches-py does."""
    root = folder / FOLDER if (folder / FOLDER).is_dir() else folder
    batch = _unpickle(root / "test_batch")
    rows, labels = batch.get("data"), batch.get("labels")
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != 3072:
        raise DataError(f"{root / 'test_batch'}: has no uint8 array `data` of 3072 columns", _EXPECTED)
    names: object = ()
    if (root / "batches.meta").is_file():
        names = _unpickle(root / "batches.meta").get("label_names", ())
    source = f"cifar10:{folder}"
    images = check_images(rows.reshape(-1, 3, 32, 32), source)
    return Samples(
        images=images,
        labels=check_labels(np.asarray(labels), len(images), source),
        indices=np.arange(len(images), dtype=np.int64),
        class_names=tuple(_text(name) for name in names) if isinstance(names, list) else (),
        source=source,
    )


_EXPECTED = "expected CIFAR-10's python version (cifar-10-python.tar.gz, unpacked)"


def _unpickle(path: Path) -> dict[str, object]:
    try:
        content = _ArraysOnly(io.BytesIO(path.read_bytes()), encoding="bytes").load()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file", _EXPECTED) from None
    except Exception as error:  # a damaged pickle raises nearly anything
        raise DataError(f"{path}: cannot be read safely ({error})", _EXPECTED) from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds a {type(content).__name__}", _EXPECTED)
    return {_text(key): value for key, value in content.items()}


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
