"""Headers of safetensors files that claim what the file does not hold: refused as models and as data."""

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.refused_files import TEN_TB, refused
from tests.safetensors_files import safetensors_bytes, with_header
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import CheckpointError, DataError, ThiniceError
from thinice_tui.models.formats.file_content import ReadOptions
from thinice_tui.models.formats.safetensors import read_safetensors
from thinice_tui.safe_io.safetensors_header import ITEM_BYTES, TensorEntry, is_safetensors, read_safetensors_header

READERS: dict[str, tuple[Callable[[Path], object], type[ThiniceError]]] = {
    "model": (lambda path: read_safetensors(path, b"", ReadOptions()), CheckpointError),
    "data": (lambda path: read_samples(str(path)), DataError),
}
ARRAYS: dict[str, NDArray[Any]] = {"images": np.zeros((6, 3, 8, 8), np.uint8), "labels": np.arange(6)}


def described(**entries: object) -> bytes:
    """A file with this header, and 64 bytes after it."""
    return with_header(json.dumps(entries).encode()) + bytes(64)


def entry(dtype: str, shape: list[int], begin: int, end: int) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


HEADERS = {
    "huge header": (struct.pack("<Q", TEN_TB) + b"{}" + bytes(9), "claims a header of 10,000,000,000,000 bytes"),
    "three bytes": (b"\x02\0\0", "claims a header of|is something"),
    "a list": (struct.pack("<Q", 2) + b"[]", "no JSON object"),
    "no JSON": (struct.pack("<Q", 3) + b"{a}", "is not JSON"),
    "deep JSON": (struct.pack("<Q", 200_000) + b"[" * 200_000, "is not JSON"),
    "metadata that is a list": (described(__metadata__=["a"]), "its metadata is no JSON object"),
    "an entry that is a number": (described(images=3), "its entry images is not valid"),
    "an entry without a type": (described(images={"shape": []}), "its entry images is not valid"),
    "another shape than its bytes": (safetensors_bytes(ARRAYS, shape=[TEN_TB]), "is not valid .*U8 of shape"),
    "more bytes than its shape": (safetensors_bytes(ARRAYS, data_offsets=[0, TEN_TB]), "is not valid"),
    "a negative shape": (safetensors_bytes(ARRAYS, shape=[-6, -3, 32, 32]), "sizes are whole numbers"),
    "no place": (safetensors_bytes(ARRAYS, data_offsets=None), "is not valid"),
    "a type that is a list": (safetensors_bytes(ARRAYS, dtype=[]), "is not valid"),
    "an unknown type": (safetensors_bytes(ARRAYS, dtype="F8_E4M3"), "is of type F8_E4M3"),
    "a huge tensor": (described(images=entry("U8", [TEN_TB], 0, TEN_TB)), "claims 10,000,000,000,000 bytes for images"),
    "a huge shape": (described(images=entry("F32", [2**60, 2**60], 0, 64)), "is not valid"),
    "cut short": (described(images=entry("F32", [64], 0, 256)), "claims 256 bytes for images"),
    "an overlap": (described(images=entry("U8", [64], 0, 64), labels=entry("U8", [32], 32, 64)), "labels overlaps"),
    "one place many times": (
        described(**{f"a{number}": entry("U8", [64], 0, 64) for number in range(5000)}),
        "overlaps with another tensor",
    ),
    "a gap": (described(images=entry("U8", [8], 0, 8), labels=entry("U8", [32], 32, 64)), "labels does not follow"),
    "bytes after the end": (described(images=entry("U8", [60], 0, 60)), "has 4 bytes after its last tensor"),
}


@pytest.mark.parametrize("reader", list(READERS))
@pytest.mark.parametrize("case", list(HEADERS))
def test_a_header_that_does_not_fit_its_file_is_refused(case: str, reader: str, tmp_path: Path) -> None:
    (content, message), (read, error) = HEADERS[case], READERS[reader]
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    assert re.search(message, refused(lambda: read(path), error).what)


def test_types_shapes_and_places_are_those_of_the_description(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    content = safetensors_bytes({"a": torch.zeros(2, 3), "empty": torch.zeros(0, 4), "b": torch.tensor(7)}, {"k": "v"})
    path.write_bytes(content)
    header = read_safetensors_header(path, "a file", CheckpointError)
    start = len(content) - 24 - 8
    assert header.metadata == {"k": "v"}
    assert header.tensors == {
        "a": TensorEntry("F32", (2, 3), start, 24),
        "empty": TensorEntry("F32", (0, 4), start + 24, 0),
        "b": TensorEntry("I64", (), start + 24, 8),
    }


@pytest.mark.parametrize("dtype", list(ITEM_BYTES))
def test_every_type_is_read_as_a_model(dtype: str, tmp_path: Path) -> None:
    size = ITEM_BYTES[dtype]
    path = tmp_path / "a.safetensors"
    path.write_bytes(with_header(json.dumps({"w": entry(dtype, [2], 0, 2 * size)}).encode()) + bytes(2 * size))
    assert read_safetensors(path, b"", ReadOptions()).state["w"].tolist() == [0, 0]


def test_a_safetensors_file_begins_with_a_length_and_a_brace() -> None:
    assert is_safetensors(with_header(b"{}") + bytes(9))
    assert not is_safetensors(b"PK\x03\x04" + bytes(9)) and not is_safetensors(b"") and not is_safetensors(bytes(9))
