"""Code of a trusted file: it is named before it runs, and finds the classes of the user's own."""

import hashlib
import runpy
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from tests.models.reference_networks import REFERENCES
from thinice_tui.errors import CheckpointError, CodeError, UsageError
from thinice_tui.models.load import load_model

TRAIN = """
import sys

import torch
from torch import nn


class MyNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(12, 4)

    def forward(self, x):
        return 2 * self.layer(x.flatten(1))


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.save(MyNet(), sys.argv[1])
"""


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script in a folder of its own, and a.pt as it saves it, which holds a class of its `__main__`."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    script = tmp_path / "scripts" / "train.py"
    script.parent.mkdir()
    script.write_text(TRAIN)
    monkeypatch.setattr(sys, "argv", [str(script), str(tmp_path / "a.pt")])
    runpy.run_path(str(script), run_name="__main__")
    return script


def test_a_class_of_the_script_that_saved_the_file_is_found_in_it(train: Path, tmp_path: Path) -> None:
    main = sys.modules["__main__"]
    model = load_model(tmp_path / "a.pt", str(train), trust=True)
    x = torch.rand(3, 3, 2, 2)
    state = model.network.state_dict()
    with torch.no_grad():
        expected = 2 * F.linear(x.flatten(1), state["layer.weight"], state["layer.bias"])
        assert torch.allclose(model.classifier()(x), expected)
    torch.manual_seed(0)
    assert torch.equal(state["layer.weight"], torch.nn.Linear(12, 4).weight)
    assert model.arch == "MyNet (torch, its own code)" and sys.modules["__main__"] is main
    assert model.code_sha256 == hashlib.sha256(train.read_bytes()).hexdigest() and model.notes == ()


def test_without_the_script_it_says_how(train: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="its class MyNet was defined in the script") as caught:
        load_model(tmp_path / "a.pt", trust=True)
    assert "--arch train.py" in caught.value.do
    train.write_text("import torch\n")
    with pytest.raises(CheckpointError, match=r"its class MyNet is not in .*train\.py"):
        load_model(tmp_path / "a.pt", str(train), trust=True)
    train.write_text("raise ValueError('mine')\n")
    with pytest.raises(CodeError, match=r"cannot import .*mine"):
        load_model(tmp_path / "a.pt", str(train), trust=True)
    with pytest.raises(UsageError, match="there is no file"):
        load_model(tmp_path / "a.pt", str(tmp_path / "absent.py"), trust=True)


def test_a_script_builds_no_network_for_a_state_dict(train: Path, tmp_path: Path) -> None:
    torch.save({"layer.weight": torch.zeros(4, 12), "layer.bias": torch.zeros(4)}, tmp_path / "b.pt")
    with pytest.raises(UsageError, match="names no function"):
        load_model(tmp_path / "b.pt", str(train))


SAYS = """
import sys


class Says:
    def __reduce__(self):
        return (say, ())


def say():
    print("its code runs", file=sys.stderr)
"""


def test_the_files_sha256_is_printed_before_its_code_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its classes come from the current folder, which is last on the path, and only there where it is trusted."""
    (tmp_path / "saying.py").write_text(SAYS)
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        stored = {"state_dict": REFERENCES["cifar_resnet18"].make(10, 3), "log": import_module("saying").Says()}
        torch.save(stored, tmp_path / "a.pt")
    monkeypatch.delitem(sys.modules, "saying")
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder not in ("", str(tmp_path))])
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    with pytest.raises(CheckpointError, match="would have to run code"):
        load_model(Path("a.pt"))
    assert sys.path == before and capsys.readouterr().err == ""
    model = load_model(Path("a.pt"), trust=True)
    monkeypatch.delitem(sys.modules, "saying")
    sha256 = hashlib.sha256(Path("a.pt").read_bytes()).hexdigest()
    assert capsys.readouterr().err == f"running code of a.pt (sha256 {sha256})\nits code runs\n"
    assert sys.path == [*before, str(tmp_path)] and model.checkpoint.trusted


def test_a_trusted_file_without_code_is_read_as_any_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(REFERENCES["cifar_resnet18"].make(10, 3), tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt", trust=True)
    assert not model.checkpoint.trusted and capsys.readouterr().err == ""
