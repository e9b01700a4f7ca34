"""A worker's place: what is known of the worker that is there, and of the one after it."""

from typing import Any

import numpy as np
import pytest

from thinice_tui.engine.cluster.place import STARTS, Place
from thinice_tui.engine.cluster.worker import Ready, Status
from thinice_tui.engine.worker.clean import CleanTask

TASK = CleanTask(model=1, positions=np.arange(4), images=np.zeros((4, 1, 1, 1), np.float32))
NAMES = ("dense", "pruned")


class Actor:
    """What Ray gives: every call returns a reference."""

    def __getattr__(self, _: str) -> Any:
        return self

    def options(self, **_: object) -> "Actor":
        return self

    def remote(self) -> object:
        return object()


@pytest.fixture
def place() -> Place:
    """With a worker that is ready."""
    place = Place(2, "cuda:0", 1)
    place.started(Actor())
    place.preparing, place.ready = None, Ready("host", 7, "cuda:0", "0.1.0", (), 64)
    return place


def test_an_answer_of_the_task_before_says_nothing_of_this_one(place: Place) -> None:
    place.begun(TASK, object())
    place.answered(Status(1, 300))
    assert (place.has_begun, place.images) == (True, 300)
    place.task = place.computing = None
    place.begun(TASK, object())
    place.answered(Status(1, 300))
    assert (place.has_begun, place.images) == (False, 0)
    place.answered(Status(2, 5))
    assert (place.has_begun, place.images) == (True, 5)


def test_what_it_does_is_said_in_words(place: Place) -> None:
    assert place.idle and place.state(NAMES).doing == "waiting" and not place.state(NAMES).is_busy
    place.begun(TASK, object())
    assert place.state(NAMES).doing == "pruned · the clean pass" and place.state(NAMES).is_busy
    assert place.state(NAMES).name == "worker 3 (cuda:0, host)"
    place.task = place.computing = None
    place.ended()
    assert place.gone and place.state(NAMES).doing == "lost" and not place.is_alive
    place.started(Actor())
    assert not place.gone and place.state(NAMES).doing == "starting"


def test_a_worker_is_started_again_only_a_few_times(place: Place) -> None:
    for _ in range(STARTS):
        assert place.can_start_again
        place.ended()
        place.started(Actor())
    assert not place.can_start_again
