"""A thread that writes one batch after another, so that no attack waits while batches are compressed and written."""

import threading
from collections import deque
from collections.abc import Callable

WAITING = 2
"""The most batches that are computed and not yet written: a crash loses these and the batches in flight."""


class WriteQueue:
    """Does jobs in their order, in a thread of its own, which starts with the first one.

    After an error no further job is done, and every method raises it; at the end only where none has raised it before.
    """

    def __init__(self) -> None:
        self.done = 0
        """Jobs that are done."""
        self._jobs: deque[Callable[[], object]] = deque()
        """The one that is being done first."""
        self._changed = threading.Condition()
        self._error: BaseException | None = None
        self._raised = self._closed = False
        self._thread: threading.Thread | None = None

    def put(self, job: Callable[[], object]) -> None:
        """Take the job, after a wait where WAITING are not done yet."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._jobs) < WAITING or self._error is not None)
            self.raise_error()
            self._jobs.append(job)
            self._changed.notify_all()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="run file", daemon=True)
            self._thread.start()

    def drain(self) -> None:
        """Wait until every job is done."""
        with self._changed:
            self._changed.wait_for(lambda: not self._jobs)
            self.raise_error()

    def raise_error(self) -> None:
        """Raise the error of an earlier job, where there is one."""
        if self._error is not None:
            self._raised = True
            raise self._error

    def close(self) -> None:
        """Do what is left, and end the thread. An interruption leaves only the job that is being done."""
        try:
            if not self._raised:
                self.drain()
        except KeyboardInterrupt:
            with self._changed:
                while len(self._jobs) > 1:
                    self._jobs.pop()
            raise
        finally:
            with self._changed:
                self._closed = True
                self._changed.notify_all()
            if self._thread is not None:
                self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._closed)
                if not self._jobs:
                    return
                job = self._jobs[0]
            try:
                job()
            except BaseException as error:  # the engine's thread raises it
                with self._changed:
                    self._error = error
                    self._jobs.clear()
                    self._changed.notify_all()
                return
            with self._changed:
                self._jobs.popleft()
                self.done += 1
                self._changed.notify_all()
