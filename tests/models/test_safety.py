"""Files that want to run code, to fill the memory, or that are no models: each its own message, and nothing runs.

Payloads would create the file `executed` in the working folder, which is each test's own.
"""

import io
import json
import os
import pickle
import resource
import struct
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.models.reference import REFERENCES
from thinice_tui.errors import CheckpointError, ThiniceError
from thinice_tui.models.load import load_model

TERABYTES = 10 * 2**40
STATE = REFERENCES["cifar_resnet18"].make(10, 3)


class Evil:
    """Unpickling it writes a file."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch executed",)


class EvilModule(nn.Module):
    """A whole module whose unpickling writes a file."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch executed",)


def legacy(content: object, path: Path) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


def rezipped(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    """The zip archive at `path` with its entries changed."""
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w") as made:
        for name, content in entries.items():
            made.writestr(name, change(name, content))


def evil_before_magic(path: Path) -> None:
    legacy(STATE, path)
    path.write_bytes(pickle.dumps(Evil()) + path.read_bytes())


def script(path: Path, module: nn.Module | None = None) -> None:
    torch.jit.save(torch.jit.trace(module or nn.Flatten(), torch.rand(1, 3, 4, 4)), path)  # type: ignore[no-untyped-call]


def evil_in_script(path: Path) -> None:
    """A TorchScript archive whose data, attributes and constants are pickles that run code."""
    script(path)
    rezipped(path, lambda name, content: pickle.dumps(Evil()) if name.endswith(".pkl") else content)


def evil_in_export(path: Path) -> None:
    torch.export.save(torch.export.export(nn.Flatten().eval(), (torch.rand(2, 3, 4, 4),)), path)
    evil = io.BytesIO()
    torch.save(Evil(), evil)
    rezipped(path, lambda name, content: evil.getvalue() if name.endswith(".pt") else content)


class Writes(nn.Module):
    """A TorchScript that writes a file when it is called, without any Python."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.from_file("executed", True, 4) + x.sum()


ENTRIES: dict[str, Callable[[Path], object]] = {
    "alone": lambda path: torch.save(Evil(), path),
    "beside a state dict": lambda path: torch.save({"state_dict": STATE, "args": Evil()}, path),
    "inside a state dict": lambda path: torch.save({"state_dict": {**STATE, "conv1.weight": Evil()}}, path),
    "deep in a list": lambda path: torch.save({"net": STATE, "log": [{"a": (1, [Evil()])}]}, path),
    "as a key": lambda path: torch.save({"state_dict": STATE, "log": {Evil(): 1}}, path),
    "a whole module": lambda path: torch.save(EvilModule(), path),
    "a module in a container": lambda path: torch.save({"model": EvilModule()}, path),
    "legacy": lambda path: legacy({"state_dict": STATE, "args": Evil()}, path),
    "legacy, alone": lambda path: legacy(Evil(), path),
    "plain pickle": lambda path: path.write_bytes(pickle.dumps(Evil())),
    "plain pickle of a dict": lambda path: path.write_bytes(pickle.dumps({"state_dict": Evil()})),
    "before torch's magic number": evil_before_magic,
    "TorchScript": evil_in_script,
    "torch.export": evil_in_export,
}


@pytest.mark.parametrize("suffix", [".pt", ".t7", ".safetensors"])
@pytest.mark.parametrize("entry", list(ENTRIES))
@pytest.mark.filterwarnings("ignore")
def test_no_code_of_a_file_runs(entry: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    ENTRIES[entry](path)
    with pytest.raises(CheckpointError) as caught:
        load_model(path)
    assert not Path("executed").exists()
    if entry not in ("plain pickle", "plain pickle of a dict", "before torch's magic number"):
        assert "--trust-pickle" in caught.value.do
    else:
        assert "not write" in caught.value.what and "system" in caught.value.what


@pytest.mark.filterwarnings("ignore")
def test_the_payloads_are_real(tmp_path: Path) -> None:
    """With trust they run: what the tests above see is the refusal, not a dud."""
    torch.save({"state_dict": STATE, "args": Evil()}, tmp_path / "model.pt")
    load_model(tmp_path / "model.pt", trust=True)
    assert Path("executed").exists()


@pytest.mark.filterwarnings("ignore")
def test_a_torchscript_can_write_files_and_so_needs_trust(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(Writes()), tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="is a TorchScript file, whose graph is code") as caught:
        load_model(tmp_path / "a.pt")
    assert "can write files" in caught.value.do
    model = load_model(tmp_path / "a.pt", trust=True)
    assert not Path("executed").exists()
    model.network(torch.rand(1, 3, 4, 4))
    assert Path("executed").exists(), "no Python was needed to write it"


@pytest.mark.parametrize("form", ["npy", "npz"])
def test_masks_beside_run_no_code_either(form: str, tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "a.pt")
    array = np.empty(1, dtype=object)
    array[0] = Evil()
    if form == "npy":
        np.save(tmp_path / "m.npy", array, allow_pickle=True)
    else:
        np.savez(tmp_path / "m.npz", array)
    with pytest.raises(CheckpointError, match="is not readable as masks"):
        load_model(tmp_path / f"a.pt+m.{form}")
    assert not Path("executed").exists()


# claims and damage


def tensors_header(shape: list[int], end: int) -> bytes:
    header = json.dumps({"conv1.weight": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(64)


def claiming_zip(path: Path) -> None:
    """A state dict in whose pickle a storage of 16 numbers claims 10 TB."""
    torch.save({"conv1.weight": torch.zeros(16)}, path)
    number, huge = (pickle.dumps(n, 2)[2:-1] for n in (16, TERABYTES // 4))

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
    path.write_bytes(content[:number] + pickle.dumps(TERABYTES // 4, 2)[2:-1] + content[number + 2 :])


def overlapping(path: Path) -> None:
    """Five thousand tensors in one and the same place, each of the file's size."""
    entry = {"dtype": "U8", "shape": [2**20], "data_offsets": [0, 2**20]}
    header = json.dumps({f"a{i}": entry for i in range(5_000)}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(2**20))


def claiming_twice(path: Path) -> None:
    """The same storage named first as huge, and then as small as it is."""
    legacy({"a": (first := torch.zeros(16)), "b": first[:]}, path)
    content = path.read_bytes()
    at = content.index(b"K\x10", content.index(b"cpu"))
    path.write_bytes(content[:at] + pickle.dumps(TERABYTES // 4, 2)[2:-1] + content[at + 2 :])


def strided(path: Path) -> None:
    """A tensor of 10 TB that looks again and again at one number."""
    torch.save({"conv1.weight": torch.zeros(1).expand(TERABYTES // 4)}, path)


def bomb(path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(2**23)}, path)
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(name, content)


def memo_bomb(path: Path) -> None:
    """Names index 4 billion of the memo, which an unpickler in C would make room for."""
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


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "safetensors, huge tensor": (lambda p: p.write_bytes(tensors_header([TERABYTES // 4], TERABYTES)), "claims 10,995"),
    "safetensors, huge shape": (lambda p: p.write_bytes(tensors_header([2**60, 2**60], 64)), "do not belong together"),
    "safetensors, huge header": (
        lambda p: p.write_bytes(struct.pack("<Q", TERABYTES) + b"{}" + bytes(9)),
        "a header of 10,995",
    ),
    "safetensors, cut": (lambda p: p.write_bytes(tensors_header([64], 256)), "claims 256 bytes for conv1.weight"),
    "safetensors, one place many times": (overlapping, "bytes of tensors, but holds"),
    "legacy, huge storage named again": (claiming_twice, "claims 10,995,"),
    "safetensors, no JSON": (lambda p: p.write_bytes(struct.pack("<Q", 9) + b"{nothing}"), "header is not readable"),
    "zip, huge storage": (claiming_zip, "claims 10,995,"),
    "legacy, huge storage": (claiming_legacy, "claims 10,995,"),
    "zip, huge tensor": (strided, "its tensors claim 10,995,"),
    "zip bomb": (bomb, "it is compressed, or made to fill the memory"),
    "memo bomb": (memo_bomb, "not a readable checkpoint|that torch did not write"),
    "truncated": (truncated, "not a readable checkpoint, or is truncated"),
    "truncated legacy": (truncated_legacy, "is cut short|truncated"),
    "a few bytes": (lambda p: p.write_bytes(b"PK\x03\x04 cut"), "not a readable checkpoint, or is truncated"),
    "empty": (lambda p: p.write_bytes(b""), "is empty, expected a model file"),
    "folder": (lambda p: p.mkdir(), "is a folder, expected a model file"),
    "absent": (lambda _: None, "there is no such file"),
    "web page": (lambda p: p.write_text("<!DOCTYPE html><html>Sign in</html>"), r"is a web page \(HTML\)"),
    "Git LFS": (
        lambda p: p.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
        "is a Git LFS pointer",
    ),
    "text": (lambda p: p.write_text("these are not weights\n" * 50), "it looks like text"),
    "gzip": (lambda p: p.write_bytes(b"\x1f\x8b\x08" + bytes(50)), "it looks like a gzip file"),
    "old tar": (lambda p: p.write_bytes(bytes(257) + b"ustar" + bytes(300)), "is a tar archive"),
    "other zip": (other_zip, "a zip archive without data.pkl"),
    "TensorFlow": (lambda p: p.write_bytes(b"\x80\x02ctensorflow.core\nVariable\n)\x81."), "is a TensorFlow pickle"),
    "a list": (lambda p: torch.save([1, 2, 3], p), "no weights found in it"),
    "no weights": (
        lambda p: torch.save({"epoch": 3, "note": "x"}, p),
        r"no weights found in it \(it holds: epoch, note\)",
    ),
}


@pytest.fixture
def limited() -> Iterator[None]:
    """4 GB more of address space than now: what allocates 10 TB fails otherwise than by our message."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + 4 * 2**30, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize("kind", list(FILES))
def test_what_is_no_model_is_told_at_once_by_its_own_message(kind: str, tmp_path: Path) -> None:
    make, message = FILES[kind]
    path = tmp_path / "model.pt"
    make(path)
    started = time.perf_counter()
    with pytest.raises(CheckpointError, match=message) as caught:
        load_model(path)
    assert time.perf_counter() - started < 1
    assert caught.value.exit_code == 1 and caught.value.do
    assert "\n" not in caught.value.what


@pytest.mark.parametrize("cut", [1, 7, 100, 1000, 20_000, 100_000])
@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
def test_cut_anywhere_it_is_an_error_for_the_user(form: str, cut: int, tmp_path: Path) -> None:
    from tests.models.test_forms import write_safetensors

    path = tmp_path / "a.pt"
    if form == "safetensors":
        write_safetensors(STATE, path)
    else:
        torch.save(STATE, path, _use_new_zipfile_serialization=form == "zip")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ThiniceError):
        load_model(path)


def test_names_from_a_file_reach_the_terminal_escaped(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from thinice_tui.commands.app import app

    torch.save({"\x1b]0;owned\x07conv.weight": torch.zeros(2, 2), "b\x1b[2J": torch.zeros(2)}, tmp_path / "a.pt")
    result = CliRunner().invoke(app, ["inspect", str(tmp_path / "a.pt")])
    assert result.exit_code == 1 and "conv.weight" in result.stderr
    assert "\x1b" not in result.stderr and "\x07" not in result.stderr
