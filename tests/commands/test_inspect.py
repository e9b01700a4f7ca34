"""`inspect`: sparsity, layers, and architectures in files of the user's own."""

import json
import sys
from pathlib import Path

import pytest
import torch

from tests.commands.calling import call
from tests.linear_models import ARCH, Files


def test_inspect_shows_sparsity_by_all_conventions_and_layers(files: Files) -> None:
    result = call("inspect", files.dense, files.pruned, "--arch", ARCH)
    assert result.exit_code == 0, result.stderr
    for words in (
        "of Conv and Linear weights",
        "sparsity, mean of layers",
        "sparsity, all parameters",
        "5×192",
        "Linear",
        "sha256",
    ):
        assert words in result.stdout, words
    found = json.loads(call("inspect", files.pruned, "--arch", ARCH, "--format", "json").stdout)
    assert found[0]["layers"][0]["zeros"] == int((torch.load(files.pruned)["state_dict"]["1.weight"] == 0).sum())
    assert call("inspect", "absent.pt").exit_code == 1


def test_a_factory_imports_modules_beside_its_file(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "nets"
    folder.mkdir()
    (folder / "my_layers.py").write_text("from tests.linear_models import linear\n")
    (folder / "my_net.py").write_text("from my_layers import linear\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    result = call("inspect", files.dense, "--arch", f"{folder / 'my_net.py'}:linear")
    assert result.exit_code == 0, result.stderr
    monkeypatch.chdir(folder)
    assert call("inspect", files.dense, "--arch", "my_net:linear").exit_code == 0
