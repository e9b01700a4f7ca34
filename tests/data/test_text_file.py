from pathlib import Path

import pytest

from thinice_tui.data.text_file import check_text_file
from thinice_tui.errors import DataError


def check(path: Path, max_bytes: int = 100) -> None:
    check_text_file(path, path.read_bytes()[:512], "list of names", "a list of names", max_bytes, "write it as text")


@pytest.mark.parametrize("content", ["cat\ndog\n", "Kätzchen\n"])
def test_text_is_taken(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.txt").write_text(content, encoding="utf-8")
    check(tmp_path / "a.txt")


def test_another_kind_of_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"PK\x03\x04" + b"\0" * 40)
    with pytest.raises(DataError, match=r"a\.txt: is a zip archive, expected a list of names") as caught:
        check(tmp_path / "a.txt")
    assert caught.value.do == "write it as text"


def test_what_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("cat\n" * 30)
    with pytest.raises(DataError, match="larger than any list of names"):
        check(tmp_path / "a.txt")
