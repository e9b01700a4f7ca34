"""Errors meant for the user's eyes: what happened, what was expected, what to do.

The command line prints them without a traceback (`--debug` shows it) and exits with `exit_code`.
"""

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


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
