import numpy as np

from thinice_tui.protocol.pixels import as_floats


def test_bytes_become_fractions_of_255_in_float32() -> None:
    found = as_floats(np.array([0, 51, 255], dtype=np.uint8))
    assert found.dtype == np.float32 and np.allclose(found, [0, 0.2, 1], rtol=0, atol=1e-7)


def test_floats_stay_the_same_array() -> None:
    images = np.array([0.5], dtype=np.float32)
    assert as_floats(images) is images
