"""Sizes that fit into memory, that a file can unpack to, and how they are written."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from thinice_tui.errors import CheckpointError, DataError
from thinice_tui.safe_io.limits import byte_text, check_fits, check_unpacks, file_size


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (307_200, "307 kB"),
        (1_230_000, "1.23 MB"),
        (10**18, "1e+03 PB"),
    ],
)
def test_sizes_have_a_unit_and_three_digits(size: int, text: str) -> None:
    assert byte_text(size) == text


def test_half_of_the_free_memory_may_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=1000))
    check_fits("a", 500, "")
    with pytest.raises(CheckpointError, match="a: takes 501 bytes in memory, of which 1 kB are free") as caught:
        check_fits("a", 501, "unpack it", CheckpointError)
    assert caught.value.do == "unpack it"


def test_no_more_is_unpacked_than_deflate_can_pack() -> None:
    check_unpacks("a", 1000, 1_032_000, "")
    with pytest.raises(DataError, match=r"claims to unpack from 1 kB to 1\.2 MB"):
        check_unpacks("a", 1000, 1_200_000, "")
    with pytest.raises(DataError, match="claims to unpack"):
        check_unpacks("a", 2**20, 2**28 + 1, "")


def test_the_size_of_an_absent_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert file_size(tmp_path / "a") == 3
    with pytest.raises(CheckpointError, match="cannot be read"):
        file_size(tmp_path / "b", CheckpointError)
