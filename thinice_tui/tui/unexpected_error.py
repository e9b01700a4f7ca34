"""What the user is told when the interface meets a defect of its own: one calm message; the traceback goes to a log."""

import os
import tempfile
import traceback
from datetime import datetime
from pathlib import Path

import platformdirs

from thinice_tui.errors import reason
from thinice_tui.safe_io.printable import printable
from thinice_tui.version import package_version

LARGEST_LOG = 1_000_000
"""Bytes after which the log begins anew."""


def log_file() -> Path:
    """The file that tracebacks of the interface are added to."""
    return platformdirs.user_log_path("thinice-tui") / "interface.log"


def unexpected_error(error: BaseException, reopen: str) -> str:
    """Log the traceback of `error`; what to print: what happened, what goes on, how to reopen, and where the log is.

    reopen: lines that say what the engine does and how the run is opened again; may be empty.
    """
    log = _add_to_log(error)
    lines = [f"error: the interface had to close: a defect in thinice-tui ({printable(reason(error))})"]
    lines += ["the run file is as it was"] if reopen else []
    lines += [reopen] if reopen else []
    where = f"its traceback is in {printable(str(log))}" if log else "its traceback could not be written to a log"
    lines.append(f"{where}: please report it, with what thinice-tui info prints")
    return "\n".join(lines)


def _add_to_log(error: BaseException) -> Path | None:
    """Add the traceback, without the values of variables, to the log; the log, or None where none can be written."""
    entry = f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S %z} thinice-tui {package_version()}\n"
    entry += "".join(traceback.format_exception(error)) + "\n"
    for log in (log_file(), Path(tempfile.gettempdir()) / f"thinice-tui-{os.getuid()}.log"):
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            is_large = log.exists() and log.stat().st_size > LARGEST_LOG
            with log.open("w" if is_large else "a", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(entry)
        except OSError:
            continue
        return log
    return None
