"""Files of torch.save that claim more than they hold or are none: refused as models and as data."""

import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.models.reference_networks import REFERENCES
from tests.refused_files import TEN_TB, legacy, refused, rezipped
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import CheckpointError, DataError, ThiniceError
from thinice_tui.models.load import load_model
from thinice_tui.safe_io.torch_file import ZIP, examine_torch_file

STATE = REFERENCES["cifar_resnet18"].make(10, 3)


def claiming_zip(path: Path) -> None:
    """A state dict in whose pickle a storage of 16 numbers claims 10 TB."""
    torch.save({"conv1.weight": torch.zeros(16)}, path)
    number, huge = (pickle.dumps(n, 2)[2:-1] for n in (16, TEN_TB // 4))

    def change(name: str, content: bytes) -> bytes:
        if not name.endswith("data.pkl"):
            return content
        at = content.index(number, content.index(b"cpu"))
        return content[:at] + huge + content[at + len(number) :]

    rezipped(path, change)


def claiming_legacy(path: Path) -> None:
    legacy({"conv1.weight": torch.zeros(16)}, path)
    content = path.read_bytes()
    at = content.index(b"cpu")
    number = content.index(b"K\x10", at)
    path.write_bytes(content[:number] + pickle.dumps(TEN_TB // 4, 2)[2:-1] + content[number + 2 :])


def claiming_twice(path: Path) -> None:
    """One storage named twice: first with a huge size, then with the right one."""
    legacy({"a": (first := torch.zeros(16)), "b": first[:]}, path)
    content = path.read_bytes()
    at = content.index(b"K\x10", content.index(b"cpu"))
    path.write_bytes(content[:at] + pickle.dumps(TEN_TB // 4, 2)[2:-1] + content[at + 2 :])


def bomb(path: Path) -> None:
    """32 MB of zeros, compressed."""
    torch.save({"conv1.weight": torch.zeros(2**23)}, path)
    rezipped(path, method=zipfile.ZIP_DEFLATED)


def memo_bomb(path: Path) -> None:
    """A pickle that names index 4 billion of the memo, which C's unpickler would allocate."""
    legacy(STATE, path)
    path.write_bytes(b"\x80\x02K\x01r\xff\xff\xff\xff." + path.read_bytes())


def truncated(path: Path) -> None:
    torch.save(STATE, path)
    path.write_bytes(path.read_bytes()[:-5000])


def truncated_legacy(path: Path) -> None:
    legacy(STATE, path)
    path.write_bytes(path.read_bytes()[:-5000])


def other_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("readme.txt", "hello")


def memo_bomb_among_arrays(path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(16)}, path)
    rezipped(path, lambda name, content: b"\x80\x02K\x01r\xff\xff\xff\xff." if name.endswith(".pkl") else content)


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "zip, huge storage": (claiming_zip, "claims 10,000,000,000,000 bytes of tensors"),
    "legacy, huge storage": (claiming_legacy, "claims 10,000,000,000,000 bytes of tensors"),
    "legacy, huge storage named again": (claiming_twice, "claims 10,000,000,000,000 bytes of tensors"),
    "zip bomb": (bomb, "it is compressed, or made to fill the memory"),
    "memo bomb": (memo_bomb, "not a readable file of torch.save|that torch did not write"),
    "memo bomb in a zip": (memo_bomb_among_arrays, "no weights found|holds a int without"),
    "truncated": (truncated, "not a readable file of torch.save, or is truncated"),
    "truncated legacy": (truncated_legacy, "is cut short|truncated"),
    "a few bytes": (lambda p: p.write_bytes(b"PK\x03\x04 cut"), "not a readable file of torch.save, or is truncated"),
    "old tar": (lambda p: p.write_bytes(bytes(257) + b"ustar" + bytes(300)), "is a tar archive"),
    "other zip": (other_zip, "a zip archive without data.pkl"),
    "a pickle": (lambda p: p.write_bytes(pickle.dumps(Path("a"))), r"torch did not write \(it names pathlib"),
    "TensorFlow": (lambda p: p.write_bytes(b"\x80\x02ctensorflow.core\nVariable\n)\x81."), "is a TensorFlow pickle"),
}
READERS: dict[str, tuple[Callable[[Path], object], type[ThiniceError]]] = {
    "model": (load_model, CheckpointError),
    "data": (lambda path: read_samples(str(path)), DataError),
}


@pytest.mark.parametrize("reader", list(READERS))
@pytest.mark.parametrize("kind", list(FILES))
def test_a_hostile_or_damaged_file_is_refused_at_once(kind: str, reader: str, tmp_path: Path) -> None:
    (make, message), (read, error) = FILES[kind], READERS[reader]
    path = tmp_path / "a.pt"
    make(path)
    assert re.search(message, refused(lambda: read(path), error, 4 * 2**30).what)


def test_a_tensorflow_pickle_is_refused_with_how_to_convert_it(tmp_path: Path) -> None:
    """The files of BCS-P are such pickles."""
    (tmp_path / "bcs.pkl").write_bytes(b"\x80\x02ctensorflow.python.ops.variables\nVariable\nq\x00)\x81q\x01.")
    with pytest.raises(CheckpointError, match="is a TensorFlow pickle") as caught:
        load_model(tmp_path / "bcs.pkl")
    assert "convert it" in caught.value.do


@pytest.mark.parametrize("zipped", [True, False])
def test_imports_and_claims_are_known_before_anything_is_loaded(zipped: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"w": torch.zeros(16), "a": Path("b")}, path, _use_new_zipfile_serialization=zipped)
    found = examine_torch_file(path, path.read_bytes()[:512], CheckpointError)
    assert found.form == ("torch" if zipped else "torch legacy") and found.compressed == ""
    assert [storage.claimed for storage in found.scan.storages] == [64]
    assert found.scan.refused(["collections.OrderedDict"]).startswith("pathlib.")


def test_a_compressed_entry_is_named(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(4)}, tmp_path / "a.pt")
    rezipped(tmp_path / "a.pt", method=zipfile.ZIP_DEFLATED)
    assert examine_torch_file(tmp_path / "a.pt", ZIP, CheckpointError).compressed.endswith("data.pkl")
