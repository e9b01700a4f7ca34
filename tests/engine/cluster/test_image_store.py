"""Images in pieces, each sent once."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from thinice_tui.data.samples import Samples
from thinice_tui.engine.cluster import image_store
from thinice_tui.engine.cluster.image_store import ImageStore


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_images_are_those_of_the_data_and_each_piece_is_sent_once(monkeypatch: pytest.MonkeyPatch, dtype: type) -> None:
    monkeypatch.setattr(image_store, "CHUNK_BYTES", 3 * 12 * np.dtype(dtype).itemsize)
    random = np.random.default_rng(0).random((20, 3, 2, 2))
    stored: NDArray[Any] = (random * 255 if dtype is np.uint8 else random).astype(dtype)
    samples = Samples(stored, np.zeros(20, np.int64), np.arange(20), (), "test")
    sent: list[NDArray[np.generic]] = []

    def put(piece: NDArray[np.generic]) -> int:
        sent.append(piece)
        return len(sent) - 1

    store = ImageStore(samples, put)
    for positions in (np.array([0, 19, 4, 3]), np.array([1, 2]), np.array([5, 4])):
        found = store.rows(positions).images(lambda references: [sent[reference] for reference in references])
        assert found.dtype == np.float32 and np.array_equal(found, samples.floats(positions))
    assert [len(piece) for piece in sent] == [3, 3, 2], "samples 0 to 2, 3 to 5, and the last two"
