"""One sample's images and logits."""

from pathlib import Path

import numpy as np
import pytest

from tests.runfile.small_runs import IMAGES, add_batch, database, logits, open_writer, plan_stages, store
from thinice_tui.errors import RunFileError
from thinice_tui.protocol.pixels import as_floats
from thinice_tui.runfile.read_sample import read_adversarial, read_image, read_logits_at


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Clean logits of dense, and its first batch broken."""
    with open_writer(tmp_path / "a.thinice") as writer:
        plan_stages(writer)
        writer.add_clean(0, np.arange(40), logits())
        add_batch(writer, 0)
    return tmp_path / "a.thinice"


def test_images_and_logits_are_those_that_were_written(path: Path) -> None:
    assert np.array_equal(read_image(path, 9), IMAGES[9])
    found = read_adversarial(path, 0, 3)
    assert found is not None and np.array_equal(found, as_floats(IMAGES[3]))
    clean, worst = read_logits_at(path, 0, 3)
    assert clean is not None and np.array_equal(clean, logits()[3]) and worst is not None


def test_missing_images_and_logits_are_none_and_a_missing_sample_is_an_error(path: Path) -> None:
    assert read_adversarial(path, 0, 9) is read_adversarial(path, 1, 3) is read_adversarial(path, 9, 3) is None
    assert read_logits_at(path, 1, 3) == (None, None) and read_logits_at(path, 0, 9)[1] is None
    with pytest.raises(RunFileError, match=r"a\.thinice: has no sample 99"):
        read_image(path, 99)


HOSTILE = {
    "a short image": "UPDATE image SET image = x'789c030000000001'",
    "no zlib": "UPDATE image SET image = x'00'",
    "an image of text": "UPDATE image SET image = 'text'",
}


@pytest.mark.parametrize("damage", HOSTILE)
def test_a_damaged_image_is_an_error_for_the_user(damage: str, path: Path) -> None:
    with database(path) as connection:
        connection.executescript(HOSTILE[damage])
    for read in (lambda: read_image(path, 3), lambda: read_adversarial(path, 0, 3)):
        with pytest.raises(RunFileError, match="is damaged"):
            read()


@pytest.mark.parametrize("change", [{"dtype": "object"}, {"shape": [3, 9, 9]}, {"shape": [-1]}, {"shape": "3"}])
def test_an_image_of_another_shape_or_type_is_an_error(change: dict[str, object], path: Path) -> None:
    data = {"source": "s", "samples": 40, "shape": [3, 8, 8], "dtype": "uint8", "class_names": []}
    store(path, data=data)
    assert read_image(path, 3).shape == (3, 8, 8)
    store(path, data=data | change)
    with pytest.raises(RunFileError, match="is damaged"):
        read_image(path, 3)
