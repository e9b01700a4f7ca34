"""Images and logits of many samples at once."""

from pathlib import Path

import numpy as np
import pytest

from tests.runfile.small_runs import IMAGES, add_batch, database, logits, open_writer, plan_stages
from thinice_tui.errors import RunFileError
from thinice_tui.protocol.pixels import as_floats
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.read_arrays import (
    adversarial_positions,
    read_adversarial_images,
    read_images,
    read_logit_pairs,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Clean logits of dense, and its first batch broken."""
    with open_writer(tmp_path / "a.thinice") as writer:
        plan_stages(writer)
        writer.add_clean(0, np.arange(40), logits())
        add_batch(writer, 0)
    return tmp_path / "a.thinice"


def test_arrays_are_those_that_were_written(path: Path) -> None:
    assert np.array_equal(read_images(path, np.array([9, 3])), IMAGES[[9, 3]])
    assert read_images(path, np.array([], np.int64)).shape == (0, *IMAGES.shape[1:])
    kept = adversarial_positions(path, 0)
    assert len(kept) and (np.diff(kept) > 0).all() and adversarial_positions(path, 1).tolist() == []
    assert np.array_equal(read_adversarial_images(path, 0, kept), as_floats(IMAGES[kept]))
    assert read_adversarial_images(path, 0, kept[:0]).shape == (0, *IMAGES.shape[1:])
    with reading(path) as connection:
        pairs = read_logit_pairs(connection, range(2), logits().shape)
    assert np.array_equal(pairs[0][0], logits()) and np.isnan(pairs[1][0]).all()
    assert np.isfinite(pairs[0][1][kept]).all() and np.isnan(pairs[0][1][-1]).all()


def test_what_is_missing_or_damaged_is_an_error(path: Path) -> None:
    with pytest.raises(RunFileError, match="no image of sample 99"):
        read_images(path, np.array([99]))
    with pytest.raises(RunFileError, match="no adversarial image of sample 39"):
        read_adversarial_images(path, 0, np.array([39]))
    with database(path) as connection:
        connection.execute("UPDATE image SET image = x'00'")
    with pytest.raises(RunFileError, match="is damaged"):
        read_images(path, np.array([3]))
