"""Model files that gzip has packed."""

import gzip
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.models.checks import NETWORK, check, zeroed
from tests.models.reference_networks import REFERENCES
from tests.refused_files import EXECUTED, RunsCode, legacy, refused
from tests.safetensors_files import safetensors_bytes
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model

STATE = zeroed(REFERENCES[NETWORK].make(10, 3))
PLAIN: dict[str, Callable[[Path], object]] = {
    "torch": lambda path: torch.save(STATE, path),
    "torch legacy": lambda path: legacy(STATE, path),
    "safetensors": lambda path: path.write_bytes(safetensors_bytes(STATE)),
    "pickle": lambda path: path.write_bytes(pickle.dumps({name: value.numpy() for name, value in STATE.items()})),
}


def packed(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content))
    return path


@pytest.mark.parametrize("form", list(PLAIN))
def test_every_format_is_read(form: str, tmp_path: Path) -> None:
    PLAIN[form](tmp_path / "plain")
    model = load_model(packed(tmp_path / "a.gz", (tmp_path / "plain").read_bytes()))
    check(model, NETWORK, STATE)
    assert model.checkpoint.form == form and "unpacked with gzip" in model.notes


def test_an_error_names_the_file_and_not_where_it_was_unpacked(tmp_path: Path) -> None:
    torch.save({"state_dict": STATE, "args": RunsCode()}, tmp_path / "plain")
    path = packed(tmp_path / "a.pt.gz", (tmp_path / "plain").read_bytes())
    error = refused(lambda: load_model(path), CheckpointError, 2**30)
    assert error.what.startswith(f"{path} (unpacked): holds more than tensors") and not EXECUTED.exists()


def test_gzip_in_gzip_and_damaged_files_are_refused(tmp_path: Path) -> None:
    twice = packed(tmp_path / "a.gz", gzip.compress(b"x" * 100))
    with pytest.raises(CheckpointError, match="is a gzip file in a gzip file"):
        load_model(twice)
    twice.write_bytes(twice.read_bytes()[:-12])
    with pytest.raises(CheckpointError, match="is a damaged gzip file"):
        load_model(twice)
    with pytest.raises(CheckpointError, match=r"a.gz \(unpacked\): is empty"):
        load_model(packed(tmp_path / "a.gz", b""))
