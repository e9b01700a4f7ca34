"""Threads hand results and errors over to the thread of the interface."""

import threading
from queue import SimpleQueue

import pytest

from thinice_tui.tui.background import Background, Call

DEADLINE = 30.0


def test_work_is_done_in_another_thread_and_delivers_to_this_one() -> None:
    calls: SimpleQueue[tuple[Call, tuple[object, ...]]] = SimpleQueue()
    background = Background(lambda handler, *arguments: calls.put((handler, arguments)))
    workers: list[int] = []

    def work(value: int) -> None:
        workers.append(threading.get_ident())
        background.deliver(str, value)

    background.start(work, 3)
    assert calls.get(timeout=DEADLINE) == (str, (3,))
    assert workers != [threading.get_ident()]


def test_an_error_of_the_work_is_raised_where_results_are_delivered() -> None:
    calls: SimpleQueue[tuple[Call, tuple[object, ...]]] = SimpleQueue()
    background = Background(lambda handler, *arguments: calls.put((handler, arguments)))

    def work() -> None:
        raise ValueError("a defect")

    background.start(work)
    handler, arguments = calls.get(timeout=DEADLINE)
    with pytest.raises(ValueError, match="a defect"):
        handler(*arguments)
