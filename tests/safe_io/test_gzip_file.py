"""gzip files are unpacked to a temporary file, and no further than real data unpacks."""

import gzip
from pathlib import Path

import pytest

from tests.refused_files import refused
from thinice_tui.errors import DataError
from thinice_tui.safe_io import gzip_file
from thinice_tui.safe_io.gzip_file import unpacked


def test_the_content_is_there_while_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "model.pt.gz"
    path.write_bytes(gzip.compress(b"first") + gzip.compress(b"second"))
    with unpacked(path, DataError) as plain:
        assert plain.read_bytes() == b"firstsecond" and plain.name == "model.pt"
    assert not plain.exists() and not plain.parent.exists()


def test_a_bomb_is_stopped_before_it_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gigabyte of zeros in a megabyte; with a lower limit, so that the test is quick."""
    monkeypatch.setattr("thinice_tui.safe_io.limits.MAX_PLAIN_BYTES", 2**24)
    monkeypatch.setattr(gzip_file, "CHUNK", 2**20)
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(2**22)) * 16)
    read: list[Path] = []

    def read_all() -> None:
        with unpacked(path, DataError) as plain:
            read.append(plain)

    assert "which real data never does" in refused(read_all, DataError).what
    assert read == []


@pytest.mark.parametrize(
    "content",
    [b"\x1f\x8b", b"\x1f\x8b\x08" + bytes(40), gzip.compress(b"x" * 999)[:-9]],
    ids=["two bytes", "no data", "cut off"],  # the compressed bytes hold the time
)
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(DataError, match="is a damaged gzip file"), unpacked(tmp_path / "a.gz", DataError):
        pass
