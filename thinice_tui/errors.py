"""Errors meant for the user's eyes: what happened, what was expected, what to do.

The command line prints them without a traceback (`--debug` shows it) and exits with `exit_code`.
"""

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def reason(error: BaseException) -> str:
    """What a stranger's error says, for one of ours: its type, and at most 200 characters of its first line."""
    try:
        text = str(error).strip()
    except Exception:  # its text, too, is a stranger's code
        text = ""
    kind = type(error).__name__
    return f"{kind}: {text.splitlines()[0][:200]}" if text else kind


class ThiniceError(Exception):
    """Something the user can understand and mend. `what` happened, and what to `do`."""

    exit_code = EXIT_ERROR

    def __init__(self, what: str, do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.do = do


class UsageError(ThiniceError):
    """An option's value that cannot be meant."""

    exit_code = EXIT_USAGE


class CheckpointError(ThiniceError):
    """A model file that cannot be read, or does not fit its architecture."""


class DataError(ThiniceError):
    """Images or labels that cannot be attacked as they are."""


class ModelError(ThiniceError):
    """A model that loads, but whose outputs cannot be judged."""


class RunFileError(ThiniceError):
    """A run file that cannot be written, read, or continued."""


class RunBusyError(RunFileError):
    """A run file that another engine is writing."""


class Interrupted(ThiniceError):
    """The user, or a signal, asked to stop; what was computed is in the run file."""

    exit_code = EXIT_INTERRUPTED
