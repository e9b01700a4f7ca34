"""Options for single files: models that come in other forms, stand beside one another in one run."""

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.commands.calling import call, error_text
from tests.end_to_end.small_networks import ARCH, FACTORY, SmallFiles, write_small_files
from thinice_tui.runfile.reader import read_run

STUDENT = """
from torch import nn


def student(width: int, num_classes: int = 2, **rest):
    return nn.Sequential(nn.Conv2d(3, width, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(9 * width, num_classes))
"""


def compared(*words: object) -> dict[str, Any]:
    result = call("compare", *words, "--attack", "pgd-1", "--report", "--format", "json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found | {"stderr": error_text(result)}


def accuracy(network: nn.Module, files: SmallFiles) -> float:
    """By the network itself, outside of the program."""
    with torch.no_grad():
        return float((network(torch.from_numpy(files.images)).argmax(dim=1).numpy() == files.labels).mean())


@pytest.mark.filterwarnings("ignore")
def test_an_exported_program_stands_beside_a_dense_state_dict(tmp_path: Path) -> None:
    files = write_small_files(tmp_path, ARCH, 3)
    network = files.networks["pruned.pt"]
    exported = torch.export.export(network, (torch.rand(2, 3, 8, 8),), dynamic_shapes={"x": {0: torch.export.Dim("n")}})
    torch.export.save(exported, tmp_path / "p.pt2")
    words = (*("dense.pt", "p.pt2", "--data", "data.npz", "--normalize", "none"), "--run", "a.thinice")
    refused = call("compare", *words, "--report", "--trust-pickle", "dense=yes")
    assert refused.exit_code == 1 and "whose graph is code" in error_text(refused) and "running" not in refused.stderr
    found = compared(*words, "--trust-pickle", "pruned=yes", "--arch", "preact_resnet8")
    expected = [accuracy(files.networks["dense.pt"], files), accuracy(network, files)]
    assert [model["clean_accuracy"] for model in found["models"]] == pytest.approx(expected) and expected[0] > expected[
        1
    ]
    sha256 = hashlib.sha256((tmp_path / "p.pt2").read_bytes()).hexdigest()
    assert (
        f"running code of p.pt2 (sha256 {sha256})" in found["stderr"] and "running code of dense" not in found["stderr"]
    )
    assert "p: --arch preact_resnet8 is not used: the file holds a whole network" in found["stderr"]
    with sqlite3.connect("a.thinice") as connection:
        (stored,) = connection.execute("SELECT value FROM run WHERE key = 'code that ran'").fetchone()
    connection.close()
    assert json.loads(stored) == {"p": {"path": "p.pt2", "sha256": sha256}}
    assert call("compare", *words, "--trust-pickle", "p=yes", "--attack", "pgd-1", "--report").exit_code == 0


def test_a_whole_module_of_fewer_channels_stands_beside_a_dense_state_dict(tmp_path: Path) -> None:
    files = write_small_files(tmp_path, FACTORY, 3)
    torch.manual_seed(0)
    cut = nn.Sequential(nn.Conv2d(3, 2, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(32, 6)).eval()
    torch.save(cut, tmp_path / "cut.pt")
    words = ("dense.pt", "cut.pt", "--data", "data.npz", "--arch", "mynet.py:build", "--normalize", "none")
    refused = call("compare", *words, "--report")
    assert refused.exit_code == 1 and "add --trust-pickle" in error_text(refused)
    found = compared(*words, "--trust-pickle")
    expected = [accuracy(files.networks["dense.pt"], files), accuracy(cut, files)]
    assert [model["clean_accuracy"] for model in found["models"]] == pytest.approx(expected)


def test_a_student_has_its_own_architecture_and_normalisation(tmp_path: Path) -> None:
    """With literals, which are part of the run's identity; the more special option wins."""
    files = write_small_files(tmp_path, ARCH, 3)
    (tmp_path / "student.py").write_text(STUDENT)
    torch.manual_seed(0)
    student = nn.Sequential(nn.Conv2d(3, 5, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(45, 6)).eval()
    torch.save({"net": student.state_dict()}, tmp_path / "student.pt")
    arch = ("--arch", "auto", "--arch", "student=student.py:student(width=5)")
    words = ("dense.pt", "pruned.pt", "student.pt", "--control", "control.pt", "--data", "data.npz")
    options = ("--normalize", "none", "--normalize", "student=half", "--run", "a.thinice")
    found = compared(*words, *arch, *options)
    normalised = nn.Sequential(_Half(), student)
    networks = [files.networks["dense.pt"], files.networks["pruned.pt"], normalised, files.networks["control.pt"]]
    expected = [accuracy(network, files) for network in networks]
    assert [model["clean_accuracy"] for model in found["models"]] == pytest.approx(expected)
    assert [model["normalization"].partition(":")[0] for model in found["models"]] == ["none", "none", "half", "none"]
    same = call(
        "compare", *words, "--attack", "pgd-1", "--arch", "student=./student.py:student( 5 )", *options, "--report"
    )
    assert same.exit_code == 1 and "was student(width=5), now student(5)" in error_text(same)
    stored = read_run(Path("a.thinice")).info.request
    assert stored is not None and stored["model_options"]["arch"] == [arch[1], arch[3]]


class _Half(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x - 0.5) / 0.5


def test_inspect_takes_options_by_name(tmp_path: Path) -> None:
    files = write_small_files(tmp_path, FACTORY, 3)
    torch.save(files.networks["pruned.pt"], tmp_path / "whole.pt")
    words = ("inspect", "dense.pt", "whole.pt", "--arch", "dense=mynet.py:build", "--format", "json")
    assert call(*words).exit_code == 1
    found = json.loads(call(*words, "--trust-pickle", "whole=yes").stdout)
    weights = [value for value in files.networks["pruned.pt"].parameters() if value.dim() > 1]
    zeros = sum(int((value == 0).sum()) for value in weights)
    assert [sum(layer["zeros"] for layer in one["layers"]) for one in found] == [0, zeros] and zeros > 100
    wrong = call("inspect", "dense.pt", "whole.pt", "--key", "other=net")
    assert wrong.exit_code == 2 and "expected dense, whole or pruned (all of them)" in error_text(wrong)
