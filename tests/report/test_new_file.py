"""Files that are written once: whole, alone, and never in the place of another."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from thinice_tui.errors import ThiniceError
from thinice_tui.report.new_file import free_path, save_new


def test_a_file_is_written_whole_and_alone(tmp_path: Path) -> None:
    assert save_new(tmp_path / "a.csv", ["猫", "\n"]) == tmp_path / "a.csv"
    assert (tmp_path / "a.csv").read_bytes() == "猫\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_nothing_is_overwritten(kind: str, tmp_path: Path) -> None:
    path, kept = tmp_path / "a.csv", tmp_path / "kept"
    if kind == "file":
        path.write_text("kept")
    elif kind == "folder":
        path.mkdir()
    else:
        kept.write_text("kept")
        path.symlink_to(kept)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ThiniceError, match="exists already and is left as it is"):
        save_new(path, ["new"])
    assert sorted(tmp_path.iterdir()) == before
    assert kind == "folder" or path.read_text() == "kept"


@pytest.mark.parametrize("name", ["missing/a.csv", "file/a.csv", "file/b/c", "a" * 300], ids=lambda name: name[:9])
def test_a_path_that_cannot_be_written_is_an_error(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(ThiniceError) as caught:
        save_new(tmp_path / name, ["new"])
    assert "cannot be written" in caught.value.what and caught.value.do
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_first_free_path_is_taken(tmp_path: Path) -> None:
    assert free_path(tmp_path / "a.csv") == tmp_path / "a.csv"
    (tmp_path / "a.csv").touch()
    assert free_path(tmp_path / "a.csv") == tmp_path / "a-2.csv"
    (tmp_path / "a-2.csv").touch()
    assert free_path(tmp_path / "a.csv") == tmp_path / "a-3.csv"
    (tmp_path / "folder").mkdir()
    assert free_path(tmp_path / "folder") == tmp_path / "folder-2"


def test_nothing_is_left_of_a_text_that_breaks_off(tmp_path: Path) -> None:
    def pieces() -> Iterator[str]:
        yield "half of it"
        raise KeyError

    with pytest.raises(KeyError):
        save_new(tmp_path / "a.csv", pieces())
    assert list(tmp_path.iterdir()) == []
