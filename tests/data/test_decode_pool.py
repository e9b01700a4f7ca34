"""Several images decoded at once: each one, few open at once, and the error of the first that has one."""

import threading
import time
from collections.abc import Iterator

import pytest

from thinice_tui.data import decode_pool
from thinice_tui.data.decode_pool import OPEN_PER_THREAD, decode_all, in_background
from thinice_tui.errors import DataError


@pytest.fixture(params=[1, 4])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(decode_pool, "_threads", lambda: request.param)
    return int(request.param)


def test_every_item_is_decoded_and_few_are_open_at_once(threads: int) -> None:
    opened, most, done = set[int](), [0], set[int]()

    def items() -> Iterator[int]:
        for item in range(50):
            opened.add(item)
            most[0] = max(most[0], len(opened))
            yield item

    def decode(item: int) -> None:
        time.sleep(0.001)
        opened.discard(item)
        done.add(item)

    decode_all(decode, items())
    assert done == set(range(50)) and most[0] <= OPEN_PER_THREAD * threads + 1


def test_decoders_work_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_pool, "_threads", lambda: 4)
    meeting = threading.Barrier(4, timeout=20)
    decode_all(lambda _: meeting.wait(), range(8))


def test_the_first_error_in_order_is_raised(threads: int) -> None:  # noqa: ARG001
    def decode(item: int) -> None:
        time.sleep(0.02 if item == 3 else 0)
        if item in (3, 4):
            raise DataError(f"image {item}")

    with pytest.raises(DataError, match="image 3"):
        decode_all(decode, range(30))

    def cut() -> Iterator[int]:
        yield from range(5)
        raise DataError("image 5 cannot be opened")

    with pytest.raises(DataError, match="image 3"):
        decode_all(decode, cut())
    with pytest.raises(DataError, match="image 5 cannot be opened"):
        decode_all(lambda _: None, cut())


def test_what_is_read_in_the_background_comes_back_with_its_error() -> None:
    assert in_background(lambda: 3).result() == 3
    with pytest.raises(ZeroDivisionError):
        in_background(lambda: 1 // 0).result()
