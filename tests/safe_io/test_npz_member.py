"""One array of an archive: what it says is what it is, or it is refused before it takes memory."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.refused_files import TEN_TB, RunsCode, refused
from thinice_tui.errors import DataError
from thinice_tui.safe_io.npz_member import unpack_member


def unpacked(path: Path) -> np.ndarray:
    with zipfile.ZipFile(path) as archive:
        return unpack_member(archive, archive.infolist()[0], "a", "free memory")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_is_read_as_it_was_saved(tmp_path: Path, save: object, order: str) -> None:
    array = np.asarray(np.arange(12.0).reshape(3, 4), order=order)  # type: ignore[call-overload]
    save(tmp_path / "a.npz", a=array)  # type: ignore[operator]
    assert np.array_equal(unpacked(tmp_path / "a.npz"), array)


def archive_of(path: Path, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as made:
        made.writestr("a.npy", content)
    return path


def claiming(shape: tuple[int, ...]) -> bytes:
    """An .npy of 64 bytes that claims another shape."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return stream.getvalue() + bytes(64)


@pytest.mark.parametrize("shape", [(TEN_TB,), (65,), (2**70,)])
def test_a_claim_of_more_than_is_there_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = archive_of(tmp_path / "a.npz", claiming(shape))
    what = refused(lambda: unpacked(path), DataError).what
    assert "claims to be" in what or "is cut short" in what


def test_a_bomb_objects_and_other_compression_are_refused(tmp_path: Path) -> None:
    bomb = archive_of(tmp_path / "bomb.npz", bytes(2**28 + 2**20))
    assert "which real data never does" in refused(lambda: unpacked(bomb), DataError).what
    np.savez(tmp_path / "code.npz", a=np.array([RunsCode()], dtype=object))
    assert "holds Python objects" in refused(lambda: unpacked(tmp_path / "code.npz"), DataError).what
    other = archive_of(tmp_path / "other.npz", claiming((64,)), zipfile.ZIP_BZIP2)
    assert "numpy does not write" in refused(lambda: unpacked(other), DataError).what
