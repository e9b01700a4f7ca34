"""A clock that only the engine's work and sleep move."""

from collections.abc import Callable

FORWARD = 0.125
"""Seconds of a forward pass; the engine polls after every second one."""
BEGINNING = 1_000_000.0


class Clock:
    """Replaces the module `time`; forward passes and sleep move it."""

    def __init__(self) -> None:
        self.now = BEGINNING
        self.asleep: Callable[[], None] = lambda: None
        """Called while the engine sleeps."""

    def time(self) -> float:
        return self.now

    monotonic = perf_counter = time

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.asleep()
