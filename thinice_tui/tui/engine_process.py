"""Starts the engine as a process of its own, and reads what it announces and how it ends."""

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from thinice_tui.errors import EXIT_INTERRUPTED, ThiniceError
from thinice_tui.protocol.progress import ReadCallback, read_silently
from thinice_tui.protocol.request import Request
from thinice_tui.safe_io.printable import printable

LAST_ROWS, ROW = 12, 66
"""Rows of a log that are shown, and characters a row, so that a dialog at 80×24 keeps its end in sight."""


@dataclass(frozen=True)
class Announcement:
    """The engine's run file, and the file of its messages."""

    run: Path
    log: Path | None
    """None: it can write none, because the run is finished and its folder read-only."""


class EngineProcess:
    """An engine that this interface has started. It outlives the interface, and any terminal."""

    def __init__(self, request: Request) -> None:
        """Start it; raises ThiniceError where the system refuses."""
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  (open until the process ends)
        self._log: Path | None = None
        self._messages = ""
        # -P: nothing in the user's folder may stand in for a module of ours.
        command = [sys.executable, "-P", "-m", "thinice_tui", "engine", json.dumps(request.as_dict())]
        read, write = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*command, "--announce", str(write)],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                pass_fds=(write,),
                start_new_session=True,
                cwd=request.folder,
            )
        except OSError as error:
            self._output.close()
            os.close(read)
            raise ThiniceError(f"the engine cannot be started: {error}", "is the folder still there?") from error
        finally:
            os.close(write)
        self._announced = os.fdopen(read, "rb")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> Path | None:
        """The file of its messages, once it is known."""
        return self._log

    def announcement(self, reading: ReadCallback = read_silently) -> Announcement | None:
        """Wait until the engine has read models and data and named its run file; None: it ended before.

        reading: is told what the engine reads meanwhile.
        """
        try:
            with self._announced as stream:
                while "reading" in (found := json.loads(stream.readline())):
                    reading(printable(str(found["reading"])), int(found["number"]), int(found["total"]))
            log = found["log"]
            announced = Announcement(Path(found["run"]), None if log is None else Path(log))
        except (ValueError, KeyError, TypeError):
            return None
        self._log = announced.log
        return announced

    def wait(self) -> int:
        """Wait until it has ended; its exit code, negative where a signal ended it."""
        code = self._process.wait()
        self._announced.close()
        if not self._output.closed:
            self._output.seek(0)
            self._messages = self._output.read().decode(errors="replace")
            self._output.close()
        return code

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def last_messages(self) -> str:
        """The end of its messages, once it has ended, with control characters replaced."""
        logged = "" if self._log is None else tail(self._log)  # of another engine's, too, where that computes the run
        return "\n".join(part for part in (_last_lines(self._messages), logged) if part)


def tail(log: Path) -> str:
    """The last lines of a log, with control characters replaced; empty where it cannot be read."""
    try:
        if not log.is_file():
            return ""  # a stranger's run file may name anything, even a pipe that never ends
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - 20_000))
            return _last_lines(stream.read().decode(errors="replace"))
    except OSError:
        return ""


def describe_exit(code: int) -> str:
    """An exit code in words."""
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        hint = "\nThe system does that when memory runs out." if name == "SIGKILL" else ""
        return f"The engine was killed ({name}).{hint}"
    if code == EXIT_INTERRUPTED:
        return "The engine was stopped."
    return f"The engine ended with an error (exit code {code})."


def _last_lines(text: str) -> str:
    """As many as fit into LAST_ROWS rows; the last one in any case."""
    lines = [printable(line) for line in text.splitlines() if line.strip()]
    rows = itertools.accumulate(-(-len(line) // ROW) for line in reversed(lines))
    count = sum(used <= LAST_ROWS for used in rows)
    return "\n".join(lines[-max(1, count) :])
