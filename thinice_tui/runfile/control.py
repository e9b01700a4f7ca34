"""Control words for the engine that computes a run: a small file NAME.thinice.control beside the run file.

A file and no signal: a view in another terminal, container or machine that shares the folder can write it, too. The run
file itself has one writer, the engine.
"""

from contextlib import suppress
from pathlib import Path
from typing import Literal, cast, get_args

from thinice_tui.errors import RunFileError
from thinice_tui.safe_io.atomic_write import write_text

ControlWord = Literal["run", "pause", "stop"]
"""run: go on; pause: wait and keep everything in memory; stop: end after the batch in flight."""


def write_control(run: Path, word: ControlWord) -> None:
    """Leave `word` for the engine of the run file `run`; raises RunFileError where that cannot be written."""
    file = _control_file(run)
    try:
        write_text(file, word, sync=False)
    except OSError as error:
        raise RunFileError(
            f"{file}: cannot be written ({error.strerror}), so the engine cannot be asked", "it goes on as it is"
        ) from error


def read_control(run: Path) -> ControlWord:
    """The control word for the engine of `run`; `run` where there is none, or none that is known."""
    try:
        text = _control_file(run).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return "run"
    return cast(ControlWord, text) if text in get_args(ControlWord) else "run"


def clear_control(run: Path) -> None:
    """Remove the control word: an engine begins, or has ended."""
    with suppress(OSError):
        _control_file(run).unlink(missing_ok=True)


def _control_file(run: Path) -> Path:
    return run.with_name(f"{run.name}.control")
