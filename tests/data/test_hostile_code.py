"""Files made to run code, or to speak to the terminal."""

import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.data.published import colour, write_cifar10
from tests.data.refusing import EXECUTED, refuse
from tests.linear_models import Files
from thinice_tui.commands.app import app
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError

LABELS = np.arange(6)
TEN_TB = 10**13


class Evil:
    """Unpickled the usual way, it makes the file `executed`."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {EXECUTED}",)


def test_the_payload_works_where_code_is_run() -> None:
    """Else its absence in the tests below would say nothing."""
    pickle.loads(pickle.dumps(Evil()))
    assert EXECUTED.exists()


def evil_object_array(path: Path) -> None:
    np.save(path, np.array([Evil()], dtype=object), allow_pickle=True)


def evil_npz(path: Path) -> None:
    np.savez(path, images=np.array([Evil()], dtype=object), labels=LABELS)


def evil_labels(path: Path) -> None:
    np.savez_compressed(path, images=colour(), labels=np.array([Evil()], dtype=object))


def evil_names(path: Path) -> None:
    np.savez(path, images=colour(), labels=LABELS, class_names=np.array([Evil()], dtype=object))


def evil_pickle(path: Path) -> None:
    """NumPy reads a bare pickle under any name, where it may."""
    path.write_bytes(pickle.dumps(Evil()))


def evil_pt(path: Path) -> None:
    torch.save({"images": torch.rand(6, 3, 8, 8), "labels": torch.arange(6), "more": Evil()}, path)


def evil_pt_nested(path: Path) -> None:
    torch.save(([{"a": [Evil()]}], torch.arange(6)), path)


def evil_pt_old(path: Path) -> None:
    torch.save({"images": torch.rand(6, 3, 8, 8), "labels": Evil()}, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.npy", evil_object_array),
        ("a.npy", evil_pickle),
        ("a.npz", evil_npz),
        ("a.npz", evil_labels),
        ("a.npz", evil_names),
        ("a.npz", evil_pickle),
        ("a.npz", evil_object_array),
        ("a.pt", evil_pt),
        ("a.pt", evil_pt_nested),
        ("a.pt", evil_pt_old),
        ("a.pt", evil_pickle),
        ("a.pth", evil_pickle),
        ("a.safetensors", evil_pickle),
        ("a.parquet", evil_pickle),
    ],
)
def test_no_files_code_is_run(tmp_path: Path, name: str, write: Callable[[Path], None]) -> None:
    write(tmp_path / name)
    np.save(tmp_path / "labels.npy", LABELS)
    refuse(str(tmp_path / name))


def opcodes(body: bytes) -> bytes:
    return b"\x80\x02" + body + b"."


REDUCES = b"cos\nsystem\nX\x0e\x00\x00\x00touch executed\x85R"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({b"data": Evil()}), "wants to run posix.system"),
        (pickle.dumps({b"data": [[{"a": (Evil(),)}]]}, protocol=2), "wants to run"),
        (pickle.dumps({b"labels": Evil(), b"data": np.zeros((1, 3072), np.uint8)}), "wants to run"),
        (opcodes(REDUCES), "wants to run os.system"),
        (opcodes(b"(S'touch executed'\nios\nsystem\n"), "uses INST"),
        (opcodes(b"(cos\nsystem\nX\x0e\x00\x00\x00touch executedo"), "uses OBJ"),
        (opcodes(b"cnumpy\nndarray\n)\x81"), "uses NEWOBJ"),
        (opcodes(b"cbuiltins\neval\nX\x01\x00\x00\x001\x85R"), "wants to run builtins.eval"),
        (opcodes(b"cnumpy.core.multiarray\nscalar\n"), "wants to run numpy.core.multiarray.scalar"),
        (opcodes(b"Psomewhere\n"), "uses PERSID"),
        (opcodes(b"\x82\x01"), "uses EXT1"),
        # objects in an array, of which NumPy would unpickle or follow what is no object
        (pickle.dumps({b"data": np.array([Evil()], dtype=object)}, protocol=2), "an array of 'O8'|wants to run"),
        (opcodes(b"cnumpy\ndtype\nX\x02\x00\x00\x00O8\x85R"), "wants an array of 'O8'"),
        # what a file may call, given what it should not be given
        (opcodes(b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00bz2\x20\x20\x86R"), "another codec"),
        (opcodes(b"cnumpy.core.multiarray\n_reconstruct\nNK\x00\x85U\x01b\x87R"), "a kind of its own"),
        (opcodes(b"cnumpy.core.multiarray\n_reconstruct\n}U\x08__call__NsbK\x01"), "cannot be read safely"),
        (opcodes(b"cnumpy\ndtype\nN}U\x04typeNs\x86b"), "cannot be read safely"),
        # what would take memory, not code
        (opcodes(b"cnumpy\nndarray\n\x8a\x06\x00\xa0\x72\x4e\x18\x09\x85R"), "cannot be read safely"),
        (opcodes(b"Nr\xff\xff\xff\x7f"), "claims 2147483647 objects"),
        (opcodes(b"Np999999999\n"), "claims 999999999 objects"),
        (b"\x80\x05\x96" + struct.pack("<Q", TEN_TB), "cannot be read safely"),
        (b"\x80\x04\x8e" + struct.pack("<Q", TEN_TB) + b"abc", "cannot be read safely"),
        (b"\x80\x02X\xff\xff\xff\x7fabc", "cannot be read safely"),
    ],
)
def test_no_pickle_among_cifars_files_runs_code(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "test_batch").write_bytes(content)
    (tmp_path / "test").write_bytes(content)
    for kind in ("cifar10", "cifar100"):
        with pytest.raises(DataError, match=message):
            read_samples(f"{kind}:{tmp_path}")
        refuse(f"{kind}:{tmp_path}")


def test_neither_do_class_names(tmp_path: Path) -> None:
    write_cifar10(tmp_path, colour(), [0] * 6)
    (tmp_path / "cifar-10-batches-py" / "batches.meta").write_bytes(pickle.dumps({b"label_names": Evil()}))
    assert "wants to run" in refuse(f"cifar10:{tmp_path}").what


def test_lists_in_lists_do_not_unfold(tmp_path: Path) -> None:
    """Ten lists, each ten times the one before: written out, ten thousand million numbers."""
    nested: list[Any] = [0] * 10
    for _ in range(9):
        nested = [nested] * 10
    for changes in ({"labels": nested}, {"data": nested}):
        write_cifar10(tmp_path, colour(), [0] * 6, changes)
        refuse(f"cifar10:{tmp_path}")
    write_cifar10(tmp_path, colour(), [0] * 6)
    meta = tmp_path / "cifar-10-batches-py" / "batches.meta"
    meta.write_bytes(pickle.dumps({b"label_names": [nested, b"cat"]}))
    assert read_samples(f"cifar10:{tmp_path}").class_names == ("list", "cat")


# what the terminal gets


def test_escape_sequences_of_a_file_do_not_reach_the_terminal(files: Files, tmp_path: Path) -> None:
    """Keys, folder names and what a file says of itself, through the real command."""
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


def test_class_names_of_a_file_are_shown_without_them(files: Files, tmp_path: Path) -> None:
    """Names go into the run file as they are; whatever shows them replaces what a terminal would obey."""
    names = [f"cat\x1b[2J{number}" for number in range(5)]
    images = (files.task.images * 255).round().astype(np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=files.task.labels, class_names=names)
    options = ["--data", f"{tmp_path}/a.npz", "--attack", "pgd-1", "--format", "text"]
    result = CliRunner().invoke(app, [*files.arguments, *options])
    assert result.exit_code == 0, result.stderr
    assert "\x1b[2J" not in result.stdout + result.stderr
