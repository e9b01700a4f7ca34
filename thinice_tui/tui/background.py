"""Threads for work that takes long, so that keys do not wait for it."""

import threading
from collections.abc import Callable

Call = Callable[..., object]


class Background:
    """Starts threads, and hands their results to the interface's thread.

    They are daemon threads and no workers of Textual's: leaving the interface does not wait for them.
    """

    def __init__(self, call_in_interface: Call) -> None:
        """`call_in_interface`: from any thread, calls a function with arguments in the interface's thread."""
        self._call_in_interface = call_in_interface

    def start(self, work: Call, *arguments: object) -> None:
        """Run `work` in a thread; an exception there is raised in the interface's thread."""

        def run() -> None:
            try:
                work(*arguments)
            except Exception as error:  # a defect: it ends the program with its traceback
                self.deliver(raise_error, error)

        threading.Thread(target=run, daemon=True).start()

    def deliver(self, handler: Call, *arguments: object) -> None:
        """Call `handler` in the interface's thread, or never where the interface ends before that."""
        self._call_in_interface(handler, *arguments)


def raise_error(error: Exception) -> None:
    """Raise it: for an error of a thread, in the interface's thread."""
    raise error
