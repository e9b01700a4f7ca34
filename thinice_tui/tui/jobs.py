"""Work that writes files, in a thread: keys do not wait for it, its progress is shown, and it can be cancelled."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from thinice_tui.errors import ThiniceError
from thinice_tui.tui.action_registry import Reason
from thinice_tui.tui.background import Background
from thinice_tui.tui.interface import Notifier
from thinice_tui.tui.session import Session

QUIET, PERIOD = 0.3, 0.1
"""Seconds until progress is shown for the first time, and between two times."""
LEAVING = 0.5
"""Seconds that leaving the interface waits for a cancelled job, so that no half file stays."""
Item = TypeVar("Item")


class Cancelled(Exception):
    """The user has cancelled the job."""


class Job:
    """One piece of work that counts its steps."""

    def __init__(self, what: str, total: int, report: Callable[[str], None]) -> None:
        """what: `saving 5000 samples`; total: its steps; report: is told how far it is, now and then."""
        self.what, self._total, self._report = what, total, report
        self._done = 0
        self._next = time.monotonic() + QUIET
        self._cancelled = threading.Event()
        self.ended = threading.Event()

    def cancel(self) -> None:
        """Let it end at its next step."""
        self._cancelled.set()

    def step(self, count: int = 1) -> None:
        """So many steps are done; raises Cancelled where the user wants no more."""
        self._done += count
        if self._cancelled.is_set():
            raise Cancelled
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + PERIOD
            self._report(f"{self.what}: {min(self._done, self._total)} of {self._total} · x cancels")

    def counted(self, items: Iterable[Item], count: int = 1) -> Iterator[Item]:
        """`items`, each of which is so many steps."""
        for item in items:
            yield item
            self.step(count)


class Jobs:
    """Runs one job at a time, and tells how it ended."""

    def __init__(self, session: Session, notifier: Notifier, background: Background) -> None:
        self._session, self._notifier, self._background = session, notifier, background
        self.current: Job | None = None

    def start(self, what: str, total: int, work: Callable[[Job], str]) -> Reason:
        """Let a thread do `work`, which returns what to say at its end; why it cannot, where another job goes on."""
        if self.current is not None:
            return f"{self.current.what} is going on: x cancels it"
        job = Job(what, total, lambda text: self._background.deliver(self._progressed, job, text))
        self.current = job
        self._background.start(self._run, job, work)
        return None

    def in_interface(self, call: Callable[[str], object]) -> Callable[[str], None]:
        """`call`, for the thread of a job: it happens in the interface's."""
        return lambda text: self._background.deliver(call, text)

    def close(self) -> None:
        """Cancel what goes on, and wait for a moment until it has cleared up."""
        if self.current is not None:
            self.current.cancel()
            self.current.ended.wait(LEAVING)

    def _run(self, job: Job, work: Callable[[Job], str]) -> None:
        said, severe = "", False
        try:
            said = work(job)
        except Cancelled:
            said = f"cancelled: {job.what}"
        except ThiniceError as error:
            said, severe = f"{error.what}; {error.do}", True
        finally:
            job.ended.set()
        self._background.deliver(self._finished, said, severe)

    def _progressed(self, job: Job, text: str) -> None:
        if job is self.current:
            self._show(text)

    def _finished(self, said: str, severe: bool) -> None:
        self.current = None
        self._show("")
        self._notifier.notify(said, severity="error" if severe else "information", timeout=10)

    def _show(self, text: str) -> None:
        if text != self._session.job:
            self._session.job = text
            self._session.announce_run()
