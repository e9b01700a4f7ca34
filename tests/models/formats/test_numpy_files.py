"""Weights as NumPy saves them: an .npz, an .npy of a dict, a plain pickle."""

import io
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from tests.models.checks import NETWORK, check, zeroed
from tests.models.reference_networks import REFERENCES, State
from tests.refused_files import EXECUTED, RunsCode, refused
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model

STATE = zeroed(REFERENCES[NETWORK].make(10, 3))
Arrays = dict[str, NDArray[Any]]
ARRAYS: Arrays = {name: value.numpy() for name, value in STATE.items()}


def pickled(content: object, path: Path, protocol: int) -> None:
    path.write_bytes(pickle.dumps(content, protocol))


def python2(path: Path) -> None:
    """Names as byte strings, as Python 2 writes them."""
    content = pickle.dumps({name.encode(): value for name, value in ARRAYS.items()}, 2)
    path.write_bytes(content)


WRITERS: dict[str, Callable[[Path], object]] = {
    "npz": lambda path: np.savez(path.open("wb"), **ARRAYS),  # type: ignore[arg-type]
    "npz, compressed": lambda path: np.savez_compressed(path.open("wb"), **ARRAYS),  # type: ignore[arg-type]
    "npz of a dict": lambda path: np.savez(path.open("wb"), state_dict=ARRAYS),  # type: ignore[arg-type]
    "npy of a dict": lambda path: np.save(path.open("wb"), ARRAYS),  # type: ignore[arg-type]
    **{f"pickle {p}": lambda path, p=p: pickled(ARRAYS, path, p) for p in range(2, 6)},  # type: ignore[misc]
    "pickle in a container": lambda path: pickled({"net": ARRAYS, "acc": np.float32(61), "by": np.str_("x")}, path, 4),
    "pickle of Python 2": python2,
    "big-endian": lambda path: pickled({n: v.astype(v.dtype.newbyteorder(">")) for n, v in ARRAYS.items()}, path, 2),
    "half precision": lambda path: pickled({name: half(v) for name, v in ARRAYS.items()}, path, 2),
}  # fmt: skip


def half(value: NDArray[Any]) -> NDArray[Any]:
    return value.astype(np.float16) if value.dtype.kind == "f" else value


@pytest.mark.parametrize("way", list(WRITERS))
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_dict_of_arrays_is_a_state_dict(way: str, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    WRITERS[way](path)
    model = load_model(path)
    rounded: State = {n: v.half().float() if v.is_floating_point() else v for n, v in STATE.items()}
    check(model, NETWORK, rounded if way == "half precision" else STATE)
    assert model.checkpoint.form == {"npz": "NumPy .npz", "npy": "NumPy .npy"}.get(way[:3], "pickle")
    if way == "pickle in a container":
        assert model.checkpoint.about == {"acc": 61.0, "by": "x"}


def npy_entry(name: str, array: NDArray[Any] | bytes, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        stream = io.BytesIO()
        np.save(stream, array) if isinstance(array, np.ndarray) else stream.write(array)
        archive.writestr(name, stream.getvalue())


def code_in_npz(path: Path) -> None:
    objects = np.empty((), dtype=object)
    objects[()] = RunsCode()
    npy_entry("a.npy", objects, path)


def overlapping(path: Path) -> None:
    """An archive whose directory names one entry of 8 MB of zeros a thousand times."""
    npy_entry("a.npy", np.zeros(2**20), path)
    with zipfile.ZipFile(path, "a") as archive:
        (entry,) = archive.infolist()
        archive.filelist.extend([entry] * 999)
        archive._didModify = True  # type: ignore[attr-defined]


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "code in an npz": (code_in_npz, "wants to run posix.system"),
    "code in an npy": (lambda p: np.save(p.open("wb"), {"a": RunsCode()}), "wants to run posix.system"),  # type: ignore[arg-type]
    "code in a pickle": (lambda p: pickled({"w": np.ones(3), "a": RunsCode()}, p, 4), r"did not write .*posix.system"),
    "bomb": (lambda p: npy_entry("a.npy", np.zeros(2**20), p), "which real data never does"),
    "the same entry often": (overlapping, "which real data never does"),
    "one array": (lambda p: np.save(p.open("wb"), np.ones((2, 3))), r"holds one array \(2×3\), expected a dict"),
    "bfloat16": (
        lambda p: np.savez(p.open("wb"), w=np.zeros(3, "V2")), r"w is an array of \|V2, expected numbers"
    ),
    "an npy of no array": (lambda p: npy_entry("a.npy", b"nothing", p), "is no whole NumPy array"),
    "no weights": (lambda p: np.savez(p.open("wb"), labels=np.array(["a"])), "no weights found"),
}  # fmt: skip


@pytest.mark.parametrize("case", list(REFUSED))
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_is_no_dict_of_arrays_is_refused(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thinice_tui.safe_io.limits.MAX_PLAIN_BYTES", 2**20)  # so that bombs are quick to make
    make, message = REFUSED[case]
    path = tmp_path / "weights"
    make(path)
    error = refused(lambda: load_model(path), CheckpointError, 2**30)
    assert re.search(message, error.what), error.what


def test_a_plain_pickle_of_tensors_is_named_and_read_where_it_is_trusted(tmp_path: Path) -> None:
    """pickle.dump instead of torch.save: its storages are files of torch.save inside of the pickle."""
    pickled(STATE, tmp_path / "a.pkl", 4)
    with pytest.raises(CheckpointError, match="is a plain pickle of torch tensors, which would") as caught:
        load_model(tmp_path / "a.pkl")
    assert "torch.save" in caught.value.do and "--trust-pickle" in caught.value.do
    check(load_model(tmp_path / "a.pkl", trust=True), NETWORK, STATE)


def test_a_plain_pickle_of_a_module_is_read_where_it_is_trusted(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    pickled(network, tmp_path / "a.pkl", 4)
    with pytest.raises(CheckpointError, match=r"torch tensors and torch\.nn\.modules\.container\.Sequential") as caught:
        load_model(tmp_path / "a.pkl")
    assert "--trust-pickle" in caught.value.do
    images = torch.rand(2, 3, 2, 2)
    assert torch.equal(load_model(tmp_path / "a.pkl", trust=True).classifier()(images), network(images))
    pickled(RunsCode(), tmp_path / "b.pkl", 4)
    with pytest.raises(CheckpointError, match="no weights found"):
        load_model(tmp_path / "b.pkl", trust=True)
    assert EXECUTED.exists(), "so that the tests above see that code is refused, and not that there is none"
