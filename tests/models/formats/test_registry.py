"""Each checkpoint format is one row: the first that recognises a file reads it."""

from pathlib import Path

import pytest
import torch

from tests.safetensors_files import safetensors_bytes
from thinice_tui.models.formats.file_content import ReadOptions
from thinice_tui.models.formats.registry import FORMATS, read_file

STATE = {"conv.weight": torch.ones(2, 3)}


@pytest.mark.parametrize("form", ["safetensors", "torch", "torch legacy"])
def test_a_state_dict_is_the_same_in_every_format(form: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    if form == "safetensors":
        path.write_bytes(safetensors_bytes(STATE))
    else:
        torch.save(STATE, path, _use_new_zipfile_serialization=form == "torch")
    content = read_file(path, ReadOptions())
    assert content.form == form and content.state.keys() == STATE.keys() and content.network is None
    assert torch.equal(content.state["conv.weight"], STATE["conv.weight"])


def test_the_last_row_takes_what_no_other_recognises(tmp_path: Path) -> None:
    assert [row.recognises(tmp_path / "absent", b"nonsense") for row in FORMATS] == [False] * 6 + [True]
