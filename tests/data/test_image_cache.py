"""Decoded images in memory: those that fit, and never more."""

import numpy as np

from thinice_tui.data import image_cache
from thinice_tui.data.image_cache import ImageCache


def image(value: int) -> np.ndarray:
    return np.full((3, 4, 4), value, dtype=np.uint8)


def test_images_stay_up_to_the_bound_and_the_first_ones_do() -> None:
    cache = ImageCache(2 * image(0).nbytes + 1)
    for row in (7, 3, 9):
        cache.add(row, image(row))
        cache.add(row, image(row))
    found, rows = np.zeros((4, 3, 4, 4), dtype=np.uint8), np.array([9, 3, 7, 3])
    assert cache.missing(rows).tolist() == cache.copy_into(found, rows).tolist() == [0]
    assert found[:, 0, 0, 0].tolist() == [0, 3, 7, 3]


def test_the_bound_is_a_share_of_the_free_memory() -> None:
    cache = ImageCache()
    assert 0 < cache._bound <= image_cache.MOST_BYTES
    cache.add(0, image(0))
    assert not len(cache.missing(np.array([0])))


def test_no_room_keeps_nothing() -> None:
    cache = ImageCache(0)
    cache.add(0, image(0))
    assert cache.missing(np.array([0])).tolist() == [0]
