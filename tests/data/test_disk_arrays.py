"""Arrays that are read from disk when they are needed."""

from pathlib import Path

import pytest

from tests.data.data_files import LABELS, colour, write_arrays
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError


def test_truncating_a_file_while_it_is_read_raises_an_error(tmp_path: Path) -> None:
    spec = write_arrays(tmp_path, "npy", colour(size=8), LABELS)
    samples = read_samples(spec)
    with (tmp_path / "the images.npy").open("r+b") as stream:
        stream.truncate(300)
    with pytest.raises(DataError, match="was cut short while it was read"):
        samples.floats()
