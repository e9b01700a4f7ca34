"""Arrays as blobs: to the bit what was stored, and no bomb."""

import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runfile.small_runs import LABELS, logits, open_writer
from thinice_tui.protocol.pixels import as_floats
from thinice_tui.runfile.blobs import pack_adversarial, pack_image, read_logits, unpack_adversarial, unpack_image


def test_adversarial_images_are_kept_to_the_bit_and_in_less_space() -> None:
    random = np.random.default_rng(0)
    shades = np.linspace(40, 200, 32).astype(np.uint8)
    clean = as_floats(np.broadcast_to(shades, (3, 32, 32)))
    signs = random.choice([-1, 1], clean.shape)
    image = np.clip(clean + np.float32(8 / 255) * signs, 0, 1).astype(np.float32)
    blob = pack_adversarial(image, clean)
    assert np.array_equal(unpack_adversarial(blob, clean), image)
    assert len(blob) < len(zlib.compress(image.tobytes(), 6))
    with pytest.raises(ValueError, match="size"):
        unpack_adversarial(zlib.compress(b"short"), clean)


@given(st.sampled_from(["uint8", "float32"]), st.integers(1, 4), st.integers(1, 5), st.integers(0, 9))
def test_a_clean_image_is_stored_to_the_bit(dtype: str, channels: int, side: int, seed: int) -> None:
    image = (255 * np.random.default_rng(seed).random((channels, side, side))).astype(dtype)
    found = unpack_image(pack_image(image), image.shape, dtype)
    assert found.dtype == image.dtype and np.array_equal(found, image)


@pytest.mark.parametrize("dtype", ["object", "float64", "<U8", "O", ""])
def test_an_image_of_another_type_is_refused(dtype: str) -> None:
    with pytest.raises(ValueError, match="images of type"):
        unpack_image(pack_image(np.zeros((1, 2, 2), np.uint8)), (1, 2, 2), dtype)


def test_a_blob_that_claims_more_than_its_shape_is_decompressed_no_further() -> None:
    bomb = zlib.compress(bytes(50_000_000))
    assert unpack_image(bomb, (1, 2, 2), "uint8").nbytes == 4
    assert unpack_adversarial(bomb, np.ones((1, 2, 2), np.float32)).tolist() == [[[1, 1], [1, 1]]]


def test_a_blob_that_is_too_short_or_no_zlib_is_refused() -> None:
    with pytest.raises(ValueError, match="reshape"):
        unpack_image(zlib.compress(b"abc"), (1, 2, 2), "uint8")
    with pytest.raises(zlib.error):
        unpack_image(b"no zlib at all", (1, 2, 2), "uint8")


def test_logits_are_nan_where_there_are_none(tmp_path: Path) -> None:
    with open_writer(tmp_path / "a.thinice") as writer:
        writer.add_clean(1, np.array([3, 5]), logits()[[3, 5]])
        found = read_logits(writer._connection, "clean", 1, (len(LABELS), 3))
        assert np.array_equal(found[[3, 5]], logits()[[3, 5]])
        assert np.isnan(np.delete(found, [3, 5], axis=0)).all()
        assert np.isnan(read_logits(writer._connection, "clean", 0, (len(LABELS), 3))).all()
