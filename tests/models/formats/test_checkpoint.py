"""Hostile and damaged model files of every format: each is refused with its own message, and no code of it runs."""

import io
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from tests.linear_models import ARCH, Files, module
from tests.models.reference_networks import REFERENCES
from tests.refused_files import EXECUTED, TEN_TB, RunsCode, legacy, refused, rezipped
from tests.safetensors_files import safetensors_bytes
from thinice_tui.commands.app import app
from thinice_tui.errors import CheckpointError, ThiniceError
from thinice_tui.models.load import load_model

STATE = REFERENCES["cifar_resnet18"].make(10, 3)


class CodeModule(nn.Module):
    """A whole module that runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return RunsCode().__reduce__()


def code_before_magic(path: Path) -> None:
    legacy(STATE, path)
    path.write_bytes(pickle.dumps(RunsCode()) + path.read_bytes())


def script(path: Path, module: nn.Module | None = None) -> None:
    torch.jit.save(torch.jit.trace(module or nn.Flatten(), torch.rand(1, 3, 4, 4)), path)  # type: ignore[no-untyped-call]


def code_in_script(path: Path) -> None:
    """A TorchScript archive whose data, attributes and constants are pickles that run code."""
    script(path)
    rezipped(path, lambda name, content: pickle.dumps(RunsCode()) if name.endswith(".pkl") else content)


def code_in_export(path: Path) -> None:
    torch.export.save(torch.export.export(nn.Flatten().eval(), (torch.rand(2, 3, 4, 4),)), path)
    payload = io.BytesIO()
    torch.save(RunsCode(), payload)
    rezipped(path, lambda name, content: payload.getvalue() if name.endswith(".pt") else content)


class Writes(nn.Module):
    """A TorchScript that writes a file when it is called, without any Python."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.from_file("executed", True, 4) + x.sum()


ENTRIES: dict[str, Callable[[Path], object]] = {
    "alone": lambda path: torch.save(RunsCode(), path),
    "beside a state dict": lambda path: torch.save({"state_dict": STATE, "args": RunsCode()}, path),
    "inside a state dict": lambda path: torch.save({"state_dict": {**STATE, "conv1.weight": RunsCode()}}, path),
    "deep in a list": lambda path: torch.save({"net": STATE, "log": [{"a": (1, [RunsCode()])}]}, path),
    "as a key": lambda path: torch.save({"state_dict": STATE, "log": {RunsCode(): 1}}, path),
    "a whole module": lambda path: torch.save(CodeModule(), path),
    "a module in a container": lambda path: torch.save({"model": CodeModule()}, path),
    "legacy": lambda path: legacy({"state_dict": STATE, "args": RunsCode()}, path),
    "legacy, alone": lambda path: legacy(RunsCode(), path),
    "plain pickle": lambda path: path.write_bytes(pickle.dumps(RunsCode())),
    "plain pickle of a dict": lambda path: path.write_bytes(pickle.dumps({"state_dict": RunsCode()})),
    "before torch's magic number": code_before_magic,
    "TorchScript": code_in_script,
    "torch.export": code_in_export,
}


@pytest.mark.parametrize("suffix", [".pt", ".t7", ".safetensors"])
@pytest.mark.parametrize("entry", list(ENTRIES))
@pytest.mark.filterwarnings("ignore")
def test_no_code_of_a_file_runs(entry: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    ENTRIES[entry](path)
    with pytest.raises(CheckpointError) as caught:
        load_model(path)
    assert not EXECUTED.exists()
    if entry not in ("plain pickle", "plain pickle of a dict", "before torch's magic number"):
        assert "--trust-pickle" in caught.value.do
    else:
        assert "not write" in caught.value.what and "system" in caught.value.what


@pytest.mark.filterwarnings("ignore")
def test_the_payload_runs_where_it_is_trusted(tmp_path: Path) -> None:
    """So the tests above see that code is refused, and not that there is none."""
    torch.save({"state_dict": STATE, "args": RunsCode()}, tmp_path / "model.pt")
    load_model(tmp_path / "model.pt", trust=True)
    assert EXECUTED.exists()


@pytest.mark.filterwarnings("ignore")
def test_a_torchscript_can_write_files_and_so_needs_trust(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(Writes()), tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="is a TorchScript file, whose graph is code") as caught:
        load_model(tmp_path / "a.pt")
    assert "can write files" in caught.value.do
    model = load_model(tmp_path / "a.pt", trust=True)
    assert not EXECUTED.exists()
    model.network(torch.rand(1, 3, 4, 4))
    assert EXECUTED.exists(), "no Python was needed to write it"


def strided(path: Path) -> None:
    """A tensor of 10 TB, all of whose elements are the same number."""
    torch.save({"conv1.weight": torch.zeros(1).expand(TEN_TB // 4)}, path)


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "huge tensor": (strided, "its tensors claim 10,000,000,000,000 bytes"),
    "empty": (lambda p: p.write_bytes(b""), "is empty, expected a model file"),
    "folder": (lambda p: p.mkdir(), r"is a folder without a model file \(it holds: nothing\)"),
    "absent": (lambda _: None, "there is no such file"),
    "web page": (lambda p: p.write_text("<!DOCTYPE html><html>Sign in</html>"), r"is a web page \(HTML\)"),
    "Git LFS": (
        lambda p: p.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
        "is a Git LFS pointer",
    ),
    "text": (lambda p: p.write_text("these are not weights\n" * 50), "it looks like text"),
    "gzip": (lambda p: p.write_bytes(b"\x1f\x8b\x08" + bytes(50)), "is a damaged gzip file"),
    "a list": (lambda p: torch.save([1, 2, 3], p), "no weights found in it"),
    "no weights": (
        lambda p: torch.save({"epoch": 3, "note": "x"}, p),
        r"no weights found in it \(it holds: epoch, note\)",
    ),
}


@pytest.mark.parametrize("kind", list(FILES))
def test_a_file_without_weights_is_refused_with_its_own_message(kind: str, tmp_path: Path) -> None:
    make, message = FILES[kind]
    path = tmp_path / "model.pt"
    make(path)
    error = refused(lambda: load_model(path), CheckpointError, 4 * 2**30)
    assert re.search(message, error.what) and error.exit_code == 1


@pytest.mark.parametrize("cut", [1, 7, 100, 1000, 20_000, 100_000])
@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
def test_a_file_that_is_cut_short_anywhere_is_refused(form: str, cut: int, tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    if form == "safetensors":
        path.write_bytes(safetensors_bytes(STATE))
    else:
        torch.save(STATE, path, _use_new_zipfile_serialization=form == "zip")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ThiniceError):
        load_model(path)


def test_names_of_a_file_are_shown_without_escape_sequences(tmp_path: Path) -> None:
    torch.save({"\x1b]0;owned\x07conv.weight": torch.zeros(2, 2), "b\x1b[2J": torch.zeros(2)}, tmp_path / "a.pt")
    result = CliRunner().invoke(app, ["inspect", str(tmp_path / "a.pt")])
    assert result.exit_code == 1 and "conv.weight" in result.stderr
    assert "\x1b" not in result.stderr and "\x07" not in result.stderr


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(files: Files, bad: float) -> None:
    state = dict(module(files.task.weight).state_dict())
    state["1.weight"][2, 3] = bad
    torch.save(state, files.dense)
    with pytest.raises(CheckpointError, match=r"1\.weight holds NaN or infinite"):
        load_model(files.dense, ARCH)
