"""The terminal while the interface is open: how it is suspended, and how the program ends when it is gone.

Textual's driver starts anew at every SIGCONT, and waits for threads that a lost terminal keeps for ever. This one
starts anew only after it was suspended, and a lost terminal ends the program within a second, whatever its threads do.
"""

import os
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable
from io import TextIOWrapper
from types import FrameType
from typing import Any, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from thinice_tui.errors import EXIT_INTERRUPTED
from thinice_tui.tui.background import raise_error

GRACE = 0.5
"""Seconds in which the program may end in order once its terminal is lost or a signal has asked it to end."""
LAST_SECOND = 0.9
"""Seconds after which the system ends it, also where no thread of it runs any more."""
ENDING_SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
RESTORE = (
    b"".join(
        b"\x1b[" + code
        for code in (b"?2004l", b"?7h", *(b"?%dl" % mode for mode in (1000, 1003, 1015, 1006, 1016, 2048)), b"<u")
    )
    + b"\x1b[?1004l\x1b[?1049l\x1b[?25h"
)
"""Ends what the driver has begun: pasting, mouse, keyboard protocol, focus, alternate screen; shows the cursor."""
HUNG_UP = select.POLLHUP | select.POLLERR | select.POLLNVAL


class TerminalOutput:
    """Writes to the terminal, as Textual's output thread wants it; text for a terminal that is gone is dropped.

    An error would end that thread, and whoever writes would wait for ever once its queue is full.
    """

    def __init__(self, terminal: TextIO) -> None:
        self._fileno = terminal.fileno()
        self._encoding = terminal.encoding
        self._pending: list[str] = []
        self._is_gone = False

    def fileno(self) -> int:
        return self._fileno

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        """Keep `text` for the next flush."""
        self._pending.append(text)

    def flush(self) -> None:
        """Write what is kept."""
        data = memoryview("".join(self._pending).encode(self._encoding, "replace"))
        self._pending.clear()
        while data and not self._is_gone:
            try:
                data = data[os.write(self._fileno, data) :]
            except BlockingIOError:  # another program has made the terminal non-blocking
                room = select.poll()  # select() knows no descriptors from 1024 on
                room.register(self._fileno, select.POLLOUT)
                room.poll(1000)
            except OSError:
                self._is_gone = True


class TerminalDriver(LinuxDriver):
    """Textual's driver, with an end that waits for nothing.

    Its application is told of a signal or a lost terminal by a message.
    """

    class EndedFromOutside(Message, bubble=False):
        """A signal has asked the program to end, or its terminal is gone."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        assert sys.__stderr__ is not None
        self._file = cast(TextIOWrapper, TerminalOutput(sys.__stderr__))
        self._is_ending = False
        self._is_on = False
        """Whether the terminal is the interface's: the alternate screen, keys one by one."""
        self._is_suspended = False
        self._attributes = _attributes(self.fileno)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        for number in ENDING_SIGNALS:
            signal.signal(number, self._end_by_signal)
        signal.signal(signal.SIGTSTP, lambda *_: self._in_loop(self.suspend_process))
        threading.Thread(target=self._watch_terminal, name="thinice-terminal", daemon=True).start()

    # the terminal is lost, or a signal asks to end

    def _watch_terminal(self) -> None:
        """Wait until the terminal hangs up. SIGHUP may never come: another process may lead the session."""
        watched = select.poll()
        watched.register(self.fileno, 0)
        while not any(event & HUNG_UP for _, event in watched.poll()):
            time.sleep(0.1)
        self._end()

    def _end_by_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._end()

    def _end(self) -> None:
        """Ask the application to end, and see to it that it does."""
        if self._is_ending:
            return
        self._is_ending = True
        self._auto_restart = False
        # SIGALRM ends a process whose threads are all stuck; it restores no terminal, so where one is left it waits.
        signal.setitimer(signal.ITIMER_REAL, LAST_SECOND if is_hung_up(self.fileno) else 4 * LAST_SECOND)
        threading.Thread(target=self._end_at_last, name="thinice-end", daemon=True).start()
        self._in_loop(lambda: self._app.post_message(self.EndedFromOutside()))

    def _end_at_last(self) -> None:
        """End the program after GRACE, whatever it waits for; the terminal is restored if it is still there."""
        time.sleep(GRACE)
        if not is_hung_up(self.fileno):
            restore(self.fileno, self._attributes, getattr(self._app, "exit_message", ""))
        os._exit(EXIT_INTERRUPTED)

    def _in_loop(self, call: Callable[[], object]) -> None:
        """Call it in the interface's thread, between two messages; never where that has ended."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except OSError:  # the terminal is gone
            self._end()
        except Exception as error:
            self._app.call_later(raise_error, error)

    # suspending, and coming back

    def start_application_mode(self) -> None:
        """Make the terminal the interface's. A process in the background is stopped here, and later continued."""
        before = self._writer_thread
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._is_on = self._writer_thread is not before
        self._is_suspended = not self._is_on
        # A shell that ends takes the terminal back first: giving it back then must not stop this process for ever.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)

    def stop_application_mode(self) -> None:
        """Give the terminal back, once."""
        if self._is_on:
            self._is_on = False
            super().stop_application_mode()

    def suspend_process(self) -> None:
        """Give the terminal back to the shell and stop, until the shell continues this process."""
        if self._is_ending or not self._is_on:
            return
        self.suspend_application_mode()
        self._is_suspended = True
        # The default action stops the process, and the shell notices; without a shell the system ignores it.
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(0, signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, lambda *_: self._in_loop(self.suspend_process))
        self._come_back()

    def _sigcont_application(self, *_: object) -> None:
        """Draw anew after somebody has stopped this process and let it go on; never while it ends."""
        if not self._is_ending:
            self._in_loop(self._come_back_again)

    def _come_back_again(self) -> None:
        if self._is_on and not (self._is_ending or is_hung_up(self.fileno)):
            self.suspend_application_mode()
            self._is_suspended = True
        self._come_back()

    def _come_back(self) -> None:
        if self._is_suspended and not (self._is_ending or is_hung_up(self.fileno)):
            self.start_application_mode()
            self.send_message(self.SignalResume())


def has_shell() -> bool:
    """Whether a shell is there to continue this process after it has stopped."""
    try:
        return os.getsid(os.getppid()) == os.getsid(0) and os.getsid(0) != os.getpid()
    except OSError:
        return False


def is_hung_up(terminal: int) -> bool:
    """Whether the terminal of this file descriptor is gone."""
    watched = select.poll()
    watched.register(terminal, 0)
    return any(event & HUNG_UP for _, event in watched.poll(0))


def restore(terminal: int, attributes: list[Any] | None, message: str) -> None:
    """Make the terminal a shell's again and print `message`, without ever waiting for it."""
    try:
        if attributes is not None:
            termios.tcsetattr(terminal, termios.TCSANOW, attributes)
        os.set_blocking(terminal, False)
        os.write(terminal, RESTORE + f"{message}\n".encode() * bool(message))
        os.set_blocking(terminal, True)
    except (OSError, termios.error):
        pass


def _attributes(terminal: int) -> list[Any] | None:
    try:
        return termios.tcgetattr(terminal)
    except termios.error:
        return None
