"""Threads that decode images: Pillow lets other threads run meanwhile."""

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TypeVar

MOST_THREADS = 8
OPEN_PER_THREAD = 2
"""Files that are open at once, by thread."""
Item = TypeVar("Item")
Found = TypeVar("Found")


def decode_all(decode: Callable[[Item], object], encoded: Iterable[Item]) -> None:
    """`decode` each item, several at once; the items are taken one after the other, in this thread.

    Raises the error of the first item, in their order, that raises one.
    """
    threads = _threads()
    if threads == 1:
        for item in encoded:
            decode(item)
        return
    going, items = deque[Future[object]](), iter(encoded)
    while True:
        try:
            item = next(items)
        except StopIteration:
            break
        except Exception:
            _finish(going)  # an earlier item's error comes first
            raise
        going.append(_decoders(threads).submit(decode, item))
        if len(going) >= OPEN_PER_THREAD * threads:
            going.popleft().result()
    _finish(going)


def _finish(going: deque[Future[object]]) -> None:
    while going:
        going.popleft().result()


def in_background(read: Callable[[], Found]) -> "Future[Found]":
    """What `read` returns, or raises, later: one at a time, beside this thread."""
    return _reader().submit(read)


def _threads() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST_THREADS, cores)


@cache
def _decoders(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="decode")


@cache
def _reader() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="read ahead")
