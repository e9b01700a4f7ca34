"""Files of a row a sample: both formats give the same again, and nothing that is not one is taken."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.refused_files import RunsCode, refused
from thinice_tui.errors import DataError, ThiniceError, UsageError
from thinice_tui.report.array_file import check_array_path, read_arrays, read_npz_arrays, write_arrays, write_npz_arrays

COLUMNS = {
    "sample": np.array([4, 2, 9]),
    "label": np.array([0, 1, 2]),
    "margin": np.array([-0.1, 1 / 3, 1e-30], np.float32),
    "robust": np.array([True, False, True]),
}
EXPECTED = "margins"


@pytest.mark.parametrize("name", ["a.npz", "a.csv", "A.CSV"])
def test_what_was_written_is_read(tmp_path: Path, name: str) -> None:
    write_arrays(tmp_path / name, COLUMNS, {"data": {"source": 'a "b"\n,猫'}})
    found, about = read_arrays(tmp_path / name, ("sample", "margin"), EXPECTED)
    assert found.keys() == COLUMNS.keys()
    for key, column in found.items():
        assert np.array_equal(column, COLUMNS[key]) and column.dtype == COLUMNS[key].dtype, key
    assert about == {"data": {"source": 'a "b"�,猫'}}, "control characters are harmless"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_csv_is_a_plain_table(tmp_path: Path) -> None:
    write_arrays(tmp_path / "a.csv", COLUMNS, {})
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines == ["sample,label,margin,robust,about", "4,0,-0.100000001,1,{}", "2,1,0.333333343,0,", "9,2,1e-30,1,"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("sample,label\n1,2\n", "has no column margin"),
        ("sample,margin\n", "empty, or of different lengths"),
        ("sample,margin\n1,0.5\n1,0.25\n", "not distinct"),
        ("sample,margin\n-1,0.5\n", "not distinct numbers from 0"),
        ("sample,margin\n1,nan\n", "NaN or infinite"),
        ("sample,margin\n1,1e99\n", "NaN or infinite"),
        ("sample,margin\n1,x\n", "is no table of margins"),
        ("sample,margin\n1.5,2\n", "is no table of margins"),
        ("sample,margin\n99999999999999999999,2\n", "is no table of margins"),
        ("sample,margin\n1\n", "is no table of margins"),
        ("sample,margin,about\n1,2,{\n", "is not JSON"),
        ("sample,margin\n1," + "9" * 2**21 + "\n", "is no table of margins"),
        ("sample,margin\n" + "".join(f"{n},1\n" for n in range(2000)) + "2000," + "9" * 2**19, "NaN or infinite"),
    ],
)
def test_a_table_that_is_none_of_ours_is_refused(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    assert what in refused(lambda: read_arrays(path, ("sample", "margin"), EXPECTED), DataError).what


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"margin": np.zeros((3, 1))}, "shape (3, 1)"),
        ({"margin": np.zeros(2)}, "of different lengths"),
        ({"margin": np.array([0, 1, np.inf])}, "NaN or infinite"),
        ({"sample": np.array([0.0, 1, 2])}, "float64"),
        ({"margin": np.array(["a", "b", "c"])}, "expected numbers"),
        ({"margin": np.array([RunsCode()] * 3, dtype=object)}, "holds Python objects"),
        ({"about": np.array("{")}, "is not JSON"),
        ({"about": np.array(["{}", "{}"])}, "is not JSON"),
        ({"about": np.array("[" * 100_000)}, "is not JSON"),
    ],
)
def test_an_archive_that_is_none_of_ours_is_refused(tmp_path: Path, changed: dict[str, object], what: str) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, **{**COLUMNS, **changed})  # type: ignore[arg-type]
    error = refused(lambda: read_arrays(path, ("sample", "margin"), EXPECTED), DataError)
    assert what in f"{error.what}; {error.do}"


@pytest.mark.parametrize("kept", [0, 1, 60])
def test_a_damaged_file_is_refused(tmp_path: Path, kept: int) -> None:
    write_arrays(tmp_path / "a.npz", COLUMNS, {})
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(whole[:kept])
    refused(lambda: read_arrays(tmp_path / "a.npz", ("sample",), EXPECTED), DataError)
    (tmp_path / "a.csv").write_bytes(b"\x89PNG....")
    assert "a PNG image" in refused(lambda: read_arrays(tmp_path / "a.csv", ("sample",), EXPECTED), DataError).what
    refused(lambda: read_arrays(tmp_path / "absent.csv", ("sample",), EXPECTED), DataError)


def test_unfinished_arrays_may_hold_nan(tmp_path: Path) -> None:
    write_npz_arrays(tmp_path / "a.partial", {"margin": np.array([np.nan, 1], np.float32)}, {"identity": 3})
    found, about = read_npz_arrays(tmp_path / "a.partial", EXPECTED)
    assert np.isnan(found["margin"]).tolist() == [True, False] and about == {"identity": 3}


def test_an_output_that_cannot_be_written_is_refused_before(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"-o is a\.txt, expected NAME\.npz or NAME\.csv"):
        check_array_path("-o", Path("a.txt"))
    with pytest.raises(ThiniceError, match="cannot be written"):
        check_array_path("-o", tmp_path / "absent" / "a.csv")
    (tmp_path / "in.csv").write_text(json.dumps({}))
    (tmp_path / "link.csv").symlink_to("in.csv")
    with pytest.raises(UsageError, match="would replace a file that this command reads"):
        check_array_path("-o", tmp_path / "link.csv", [None, tmp_path / "in.csv"])
    check_array_path("-o", tmp_path / "new.csv", [tmp_path / "in.csv"])
    with pytest.raises(ThiniceError, match="cannot be written"):
        write_arrays(tmp_path / "absent" / "a.csv", COLUMNS, {})
