"""The control file: one word, the last one written, and nothing else is obeyed."""

from pathlib import Path
from typing import get_args

import pytest

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.control import ControlWord, clear_control, read_control, write_control


@pytest.mark.parametrize("word", get_args(ControlWord))
def test_the_last_control_word_is_read_until_it_is_cleared(tmp_path: Path, word: ControlWord) -> None:
    path = tmp_path / "a.thinice"
    assert read_control(path) == "run"
    write_control(path, "pause")
    write_control(path, word)
    assert read_control(path) == word
    assert len(list(tmp_path.iterdir())) == 1, "one file, whoever has asked how often"
    clear_control(path)
    assert read_control(path) == "run" and not list(tmp_path.iterdir())
    clear_control(path)


def test_each_run_has_its_own_control_word(tmp_path: Path) -> None:
    write_control(tmp_path / "a.thinice", "stop")
    assert read_control(tmp_path / "b.thinice") == "run" and read_control(tmp_path / "a") == "run"


@pytest.mark.parametrize("content", [b"", b"paused", b"STOP", b"stop now", b"\xff\xfe\x00", b"{}", b"stop\n" * 2])
def test_an_unknown_control_word_counts_as_run(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.thinice"
    write_control(path, "stop")
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    assert read_control(path) == "run"
    file.write_bytes(b" stop\n")
    assert read_control(path) == "stop", "as an editor, or echo, would write it"


def test_a_control_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match=r"a\.thinice\.control: cannot be written") as caught:
        write_control(tmp_path / "absent" / "a.thinice", "stop")
    assert "it goes on" in caught.value.do
    assert read_control(tmp_path / "absent" / "a.thinice") == "run"
    clear_control(tmp_path / "absent" / "a.thinice")


def test_a_folder_in_place_of_the_control_file_is_an_error_that_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.thinice.control").mkdir()
    with pytest.raises(RunFileError, match="cannot be written"):
        write_control(tmp_path / "a.thinice", "pause")
    assert read_control(tmp_path / "a.thinice") == "run"
    assert [file.name for file in tmp_path.iterdir()] == ["a.thinice.control"]
    clear_control(tmp_path / "a.thinice")
