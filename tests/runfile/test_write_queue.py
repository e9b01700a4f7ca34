"""Jobs in a thread of their own: in their order, at most two at once, and with their errors where one asks."""

import threading
import time

import pytest

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.write_queue import WAITING, WriteQueue


def test_jobs_are_done_in_their_order_in_another_thread() -> None:
    queue, done = WriteQueue(), list[tuple[int, int]]()
    for number in range(20):
        queue.put(lambda number=number: done.append((number, threading.get_ident())))  # type: ignore[misc]
    queue.drain()
    assert [number for number, _ in done] == list(range(20)) and queue.done == 20
    assert {thread for _, thread in done}.isdisjoint({threading.get_ident()})
    queue.close()


def test_put_waits_where_two_are_not_done() -> None:
    queue, go, put = WriteQueue(), threading.Event(), list[int]()

    def putting() -> None:
        for number in range(WAITING + 1):
            queue.put(go.wait)
            put.append(number)

    thread = threading.Thread(target=putting)
    thread.start()
    time.sleep(0.1)
    assert len(put) == WAITING and queue.done == 0, "no more than these would be lost"
    go.set()
    thread.join()
    queue.close()
    assert queue.done == WAITING + 1


def test_an_error_ends_the_jobs_and_is_raised_by_whoever_asks_next() -> None:
    queue, after = WriteQueue(), list[str]()

    def fail() -> None:
        raise RunFileError("the disk is full")

    queue.put(fail)
    with pytest.raises(RunFileError, match="the disk is full"):
        queue.drain()
    for ask in (queue.drain, queue.raise_error, lambda: queue.put(lambda: after.append("done"))):
        with pytest.raises(RunFileError, match="the disk is full"):
            ask()
    queue.close()
    assert not after and queue.done == 0


def test_an_error_that_nobody_has_seen_is_raised_at_the_end() -> None:
    queue = WriteQueue()
    queue.put(lambda: time.sleep(0.05))
    queue.put(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        queue.close()


def test_closing_does_what_is_left_and_a_queue_without_jobs_has_no_thread() -> None:
    before, done = threading.active_count(), list[int]()
    queue = WriteQueue()
    assert threading.active_count() == before
    queue.put(lambda: time.sleep(0.05))
    queue.put(lambda: done.append(1))
    queue.put(lambda: done.append(2))
    queue.close()
    assert done == [1, 2] and threading.active_count() == before
    WriteQueue().close()


def test_an_interrupted_end_leaves_only_what_is_being_done(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, done, begun, go = WriteQueue(), list[int](), threading.Event(), threading.Event()

    def first() -> None:
        begun.set()
        go.wait()
        done.append(1)

    queue.put(first)
    queue.put(lambda: done.append(2))
    begun.wait()

    def interrupted() -> None:
        go.set()
        raise KeyboardInterrupt

    monkeypatch.setattr(queue, "drain", interrupted)
    with pytest.raises(KeyboardInterrupt):
        queue.close()
    assert 1 in done
