"""Data files that would run code or send escape sequences to the terminal, in every kind of file."""

import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.data.data_files import colour
from tests.linear_models import Files
from tests.refused_files import EXECUTED, RunsCode, refused_data
from thinice_tui.commands.app import app

LABELS = np.arange(6)


def test_the_payload_runs_where_pickles_are_trusted() -> None:
    """So the tests below see that code does not run, and not that there is none."""
    pickle.loads(pickle.dumps(RunsCode()))
    assert EXECUTED.exists()


def hostile_object_array(path: Path) -> None:
    np.save(path, np.array([RunsCode()], dtype=object), allow_pickle=True)


def hostile_npz(path: Path) -> None:
    np.savez(path, images=np.array([RunsCode()], dtype=object), labels=LABELS)


def hostile_labels(path: Path) -> None:
    np.savez_compressed(path, images=colour(), labels=np.array([RunsCode()], dtype=object))


def hostile_names(path: Path) -> None:
    np.savez(path, images=colour(), labels=LABELS, class_names=np.array([RunsCode()], dtype=object))


def hostile_pickle(path: Path) -> None:
    """A plain pickle, which NumPy reads under any name where pickles are allowed."""
    path.write_bytes(pickle.dumps(RunsCode()))


def hostile_pt(path: Path) -> None:
    torch.save({"images": torch.rand(6, 3, 8, 8), "labels": torch.arange(6), "more": RunsCode()}, path)


def hostile_pt_nested(path: Path) -> None:
    torch.save(([{"a": [RunsCode()]}], torch.arange(6)), path)


def hostile_pt_old(path: Path) -> None:
    torch.save({"images": torch.rand(6, 3, 8, 8), "labels": RunsCode()}, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.npy", hostile_object_array),
        ("a.npy", hostile_pickle),
        ("a.npz", hostile_npz),
        ("a.npz", hostile_labels),
        ("a.npz", hostile_names),
        ("a.npz", hostile_pickle),
        ("a.npz", hostile_object_array),
        ("a.pt", hostile_pt),
        ("a.pt", hostile_pt_nested),
        ("a.pt", hostile_pt_old),
        ("a.pt", hostile_pickle),
        ("a.pth", hostile_pickle),
        ("a.safetensors", hostile_pickle),
        ("a.parquet", hostile_pickle),
    ],
)
def test_no_code_of_a_data_file_runs(tmp_path: Path, name: str, write: Callable[[Path], None]) -> None:
    write(tmp_path / name)
    np.save(tmp_path / "labels.npy", LABELS)
    refused_data(str(tmp_path / name))


def test_escape_sequences_of_a_file_do_not_reach_the_terminal(files: Files, tmp_path: Path) -> None:
    """Keys, folder names and headers of files, through the compare command."""
    escape = "\x1b[2J\x1b]0;owned\x07"
    arrays: dict[str, Any] = {f"x{escape}": colour(size=8)}
    np.savez(tmp_path / "a.npz", **arrays)
    header = json.dumps({escape: {}}, ensure_ascii=False).encode()
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    (tmp_path / "d" / f"cat{escape}").mkdir(parents=True)
    (tmp_path / "d" / f"cat{escape}" / "a.png").write_bytes(b"none")
    for spec in (f"{tmp_path}/a.npz", f"{tmp_path}/a.safetensors", f"folder:{tmp_path}/d"):
        result = CliRunner().invoke(app, [*files.arguments, "--data", spec])
        assert result.exit_code == 1 and result.stdout == "" and "Traceback" not in result.stderr
        assert "\x1b" not in result.stderr and "\x07" not in result.stderr
        assert "�" in result.stderr


def test_class_names_of_a_file_are_shown_without_escape_sequences(files: Files, tmp_path: Path) -> None:
    """The run file stores names unchanged; every view replaces control characters."""
    names = [f"cat\x1b[2J{number}" for number in range(5)]
    images = (files.task.images * 255).round().astype(np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=files.task.labels, class_names=names)
    options = ["--data", f"{tmp_path}/a.npz", "--attack", "pgd-1", "--format", "text"]
    result = CliRunner().invoke(app, [*files.arguments, *options])
    assert result.exit_code == 0, result.stderr
    assert "\x1b[2J" not in result.stdout + result.stderr
