"""Time that only an engine's own work moves."""

from collections.abc import Callable

FORWARD = 0.125
"""What a forward pass takes, in seconds; the engine looks for wishes every other one."""
BEGINNING = 1_000_000.0


class Clock:
    """Stands in for the module `time`: moved by forward passes and by sleeping."""

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
