"""Errors for the user: what happened, what was expected, what to do.

The command line prints them without a traceback (`--debug` shows it) and exits with `exit_code`.
"""

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_GATE = 3
EXIT_INTERRUPTED = 130


def reason(error: BaseException) -> str:
    """Another library's error in one line, for a message of ours: its type, and 200 characters of its first line."""
    try:
        text = str(error).strip()
    except Exception:  # the text, too, may be code of a model file
        text = ""
    kind = type(error).__name__
    return f"{kind}: {text.splitlines()[0][:200]}" if text else kind


class ThiniceError(Exception):
    """An error that the user can understand and mend: `what` happened, and what to `do`."""

    exit_code = EXIT_ERROR

    def __init__(self, what: str, do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.do = do


class UsageError(ThiniceError):
    """An option has a value that is not valid."""

    exit_code = EXIT_USAGE


class CheckpointError(ThiniceError):
    """A model file cannot be read, or does not fit its architecture."""


class DataError(ThiniceError):
    """Images or labels cannot be read, or cannot be attacked as they are."""


class CodeError(ThiniceError):
    """The user's own code, or a package, which an option names, cannot be imported or fails."""


class ModelError(ThiniceError):
    """A model loads, but its outputs cannot be used as logits."""


class WorkerError(ThiniceError):
    """A worker that computes batches cannot be used, or was lost."""


class RunFileError(ThiniceError):
    """A run file cannot be written, read, or continued."""


class RunBusyError(RunFileError):
    """Another engine is writing the run file."""


class GateFailed(ThiniceError):
    """A comparison of --fail-if holds, or cannot be decided; the report is written."""

    exit_code = EXIT_GATE


class Interrupted(ThiniceError):
    """The user, or a signal, asked to stop; what was computed is in the run file."""

    exit_code = EXIT_INTERRUPTED


class ThiniceWarning(UserWarning):
    """Something that makes the numbers less reliable; Python's `warnings` shows it, or raises it where asked to."""
