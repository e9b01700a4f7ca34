"""Pickles of arrays are read without running code: as CIFAR's batches and as mask files, which share the reader."""

import io
import pickle
import re
import struct
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.data.data_files import colour, python2_pickle, write_cifar10
from tests.refused_files import TEN_TB, RunsCode, refused
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import CheckpointError, DataError, ThiniceError
from thinice_tui.models.masks.mask_file import read_mask_file
from thinice_tui.safe_io.restricted_unpickler import read_pickle, unpickled


def written_as_batch(content: bytes, folder: Path) -> Path:
    """CIFAR-10's and CIFAR-100's test batch."""
    (folder / "test_batch").write_bytes(content)
    (folder / "test").write_bytes(content)
    return folder


def written_as_masks(content: bytes, folder: Path) -> Path:
    """An .npy of objects, whose content is the pickle."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": ()})
    (folder / "m.npy").write_bytes(stream.getvalue() + content)
    return folder / "m.npy"


Reader = tuple[Callable[[bytes, Path], Path], Callable[[Path], object], type[ThiniceError]]
READERS: dict[str, Reader] = {
    "cifar10": (written_as_batch, lambda path: read_samples(f"cifar10:{path}"), DataError),
    "cifar100": (written_as_batch, lambda path: read_samples(f"cifar100:{path}"), DataError),
    "masks": (written_as_masks, read_mask_file, CheckpointError),
}


def opcodes(body: bytes) -> bytes:
    return b"\x80\x02" + body + b"."


PICKLES = [
    (pickle.dumps({b"data": RunsCode()}), "wants to run posix.system"),
    (pickle.dumps({b"data": [[{"a": (RunsCode(),)}]]}, protocol=2), "wants to run"),
    (pickle.dumps({b"labels": RunsCode(), b"data": np.zeros((1, 3072), np.uint8)}), "wants to run"),
    (opcodes(b"cos\nsystem\nX\x0e\x00\x00\x00touch executed\x85R"), "wants to run os.system"),
    (opcodes(b"(S'touch executed'\nios\nsystem\n"), "uses the opcode INST"),
    (opcodes(b"(cos\nsystem\nX\x0e\x00\x00\x00touch executedo"), "uses the opcode OBJ"),
    (opcodes(b"cnumpy\nndarray\n)\x81"), "uses the opcode NEWOBJ"),
    (opcodes(b"cbuiltins\neval\nX\x01\x00\x00\x001\x85R"), "wants to run builtins.eval"),
    (opcodes(b"cnumpy.random\nRandomState\n"), "wants to run numpy.random.RandomState"),
    (opcodes(b"cnumpy.core.multiarray\nscalar\nNN\x86R"), "builds a number in an unknown way"),
    (opcodes(b"ccollections\ndefaultdict\nK\x05\x85R"), "builds a dict in an unknown way"),
    (opcodes(b"Psomewhere\n"), "uses the opcode PERSID"),
    (opcodes(b"\x82\x01"), "uses the opcode EXT1"),
    # objects in an array, of which NumPy would unpickle or follow what is no object
    (pickle.dumps({b"data": np.array([RunsCode()], dtype=object)}, protocol=2), "wants to run"),
    (opcodes(b"cnumpy\ndtype\nX\x03\x00\x00\x00V99\x85R"), "builds an array of 'V99'"),
    (opcodes(b"cnumpy\ndtype\nX\x02\x00\x00\x00O8\x85R(K\x03U\x01|NNN\x8a\x01\x00K\x00K\x3ftb"), "holds a Dtype"),
    (opcodes(b"cnumpy\ndtype\nX\x02\x00\x00\x00u1\x85R(K\x03U\x03xyzNNNK\x00K\x00K\x00tb"), "a NumPy type of its own"),
    # allowed calls with other arguments
    (opcodes(b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00bz2\x20\x20\x86R"), "another codec"),
    (opcodes(b"cnumpy.core.multiarray\n_reconstruct\nNK\x00\x85U\x01b\x87R"), "an array in an unknown way"),
    (opcodes(b"cnumpy.core.multiarray\n_reconstruct\n}U\x08__call__NsbK\x01"), "cannot be read safely"),
    (opcodes(b"cnumpy\ndtype\nN}U\x04typeNs\x86b"), "cannot be read safely"),
    (opcodes(b"ccollections\nOrderedDict\n]\x85R"), "cannot be read safely"),
    # memory
    (opcodes(b"cnumpy\nndarray\n\x8a\x06\x00\xa0\x72\x4e\x18\x09\x85R"), "cannot be read safely"),
    (opcodes(b"Nr\xff\xff\xff\x7f"), "claims 2147483647 objects"),
    (opcodes(b"Np999999999\n"), "claims 999999999 objects"),
    (b"\x80\x05\x96" + struct.pack("<Q", TEN_TB), "cannot be read safely"),
    (b"\x80\x04\x8e" + struct.pack("<Q", TEN_TB) + b"abc", "cannot be read safely"),
    (b"\x80\x02X\xff\xff\xff\x7fabc", "cannot be read safely"),
]


@pytest.mark.parametrize("reader", list(READERS))
@pytest.mark.parametrize(("content", "message"), PICKLES)
def test_a_pickle_with_more_than_arrays_is_refused(tmp_path: Path, reader: str, content: bytes, message: str) -> None:
    write, read, error = READERS[reader]
    path = write(content, tmp_path)
    assert re.search(message, refused(lambda: read(path), error).what)


@pytest.mark.parametrize("reader", ["cifar10", "masks"])
def test_a_pickle_that_would_not_fit_into_memory_is_not_read(
    tmp_path: Path, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, read, error = READERS[reader]
    path = write(python2_pickle(np.zeros((20, 3072), np.uint8), [0] * 20), tmp_path)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=100_000))
    with pytest.raises(error, match="takes 185 kB in memory, of which 100 kB are free"):
        read(path)


def test_class_names_of_cifar_run_no_code(tmp_path: Path) -> None:
    write_cifar10(tmp_path, colour(), [0] * 6)
    (tmp_path / "cifar-10-batches-py" / "batches.meta").write_bytes(pickle.dumps({b"label_names": RunsCode()}))
    assert "wants to run" in refused(lambda: read_samples(f"cifar10:{tmp_path}"), DataError).what


def nested() -> list[Any]:
    """Ten lists, each of ten times the one before: written out, ten thousand million numbers."""
    found: list[Any] = [0] * 10
    for _ in range(9):
        found = [found] * 10
    return found


def test_shared_lists_do_not_multiply(tmp_path: Path) -> None:
    for changes in ({"labels": nested()}, {"data": nested()}):
        write_cifar10(tmp_path, colour(), [0] * 6, changes)
        refused(lambda: read_samples(f"cifar10:{tmp_path}"), DataError)
    write_cifar10(tmp_path, colour(), [0] * 6)
    meta = tmp_path / "cifar-10-batches-py" / "batches.meta"
    meta.write_bytes(pickle.dumps({b"label_names": [nested(), b"cat"]}))
    assert read_samples(f"cifar10:{tmp_path}").class_names == ("list", "cat")
    path = written_as_masks(pickle.dumps({"conv": nested()}), tmp_path)
    assert "holds a list where a mask" in refused(lambda: read_mask_file(path), CheckpointError).what


def test_a_list_that_holds_itself_is_read(tmp_path: Path) -> None:
    endless: list[Any] = [b"a"]
    endless.append(endless)
    (tmp_path / "a").write_bytes(pickle.dumps(endless))
    found = read_pickle(tmp_path / "a", "a list", DataError)
    assert isinstance(found, list) and found[1] is found


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_dicts_lists_numbers_and_text_are_read(tmp_path: Path, protocol: int) -> None:
    arrays = [np.arange(6).reshape(2, 3), np.asfortranarray(np.ones((2, 3), ">f4")), np.array([True, False])]
    content = OrderedDict({"a": arrays, "b": [1, 2.5, "text", b"bytes", None, (3, 4)]})
    (tmp_path / "a").write_bytes(pickle.dumps(content, protocol))
    found = read_pickle(tmp_path / "a", "a dict", DataError)
    assert isinstance(found, dict)
    for mine, theirs in zip(found["a"], arrays, strict=True):
        assert isinstance(mine, np.ndarray) and mine.dtype == theirs.dtype and np.array_equal(mine, theirs)
    assert found["b"][:2] == [1, 2.5] and found["b"][3:] == [b"bytes", None, (3, 4)]


def test_a_pickle_at_an_offset_and_an_array_of_objects_are_read(tmp_path: Path) -> None:
    stored = np.empty(2, dtype=object)
    stored[:] = [np.zeros(3), np.ones((2, 2))]
    (tmp_path / "a").write_bytes(b"before" + pickle.dumps(stored))
    found = read_pickle(tmp_path / "a", "arrays", DataError, offset=6)
    assert isinstance(found, list) and [part.shape for part in found] == [(3,), (2, 2)]


def test_a_pickle_in_memory_is_named_in_its_message() -> None:
    assert unpickled(pickle.dumps({"a": 1}), "weights.npz: a.npy", "a dict", DataError) == {"a": 1}
    with pytest.raises(DataError, match=r"weights.npz: a.npy: cannot be read safely .*posix.system"):
        unpickled(pickle.dumps(RunsCode()), "weights.npz: a.npy", "a dict", DataError)
