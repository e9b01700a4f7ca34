"""Decoded images in memory: those that fit, and never more."""

import resource
from pathlib import Path

import numpy as np
import psutil
import pytest

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


@pytest.mark.parametrize(("most", "current", "room"), [("1000", "400", 600), ("1000", "2000", 0), ("max", "400", None)])
def test_a_containers_limit_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: str, current: str, room: int | None
) -> None:
    monkeypatch.setattr(image_cache, "CGROUP", tmp_path)
    without = image_cache.free_memory()
    (tmp_path / "memory.max").write_text(most)
    (tmp_path / "memory.current").write_text(current)
    assert without > 2**20 and (
        image_cache.free_memory() == room if room is not None else image_cache.free_memory() > 2**20
    )


def test_the_process_own_limit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    size = psutil.Process().memory_info().vms + 100 * 2**20
    monkeypatch.setattr(resource, "getrlimit", lambda _: (size, size))
    assert 0 < image_cache.free_memory() <= 100 * 2**20
