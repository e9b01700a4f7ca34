"""Run files as Python objects, without torch."""

import os
from collections.abc import Iterable
from pathlib import Path

from thinice_tui.errors import UsageError
from thinice_tui.python.loaded_run import LoadedRun
from thinice_tui.python.loaded_runs import LoadedRuns
from thinice_tui.python.wording import words_of_python
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.read_arrays import read_logit_pairs
from thinice_tui.runfile.reader import read_run_from
from thinice_tui.safe_io.paths import expanded

PathLike = str | os.PathLike[str]


def load_run(path: PathLike) -> LoadedRun:
    """The run in the file `path`, finished or still going on; neither torch nor the models are needed.

    It is the run as it is now: where `complete` is False, call again for what was computed since. The file is closed
    when this returns; images, and logits of a finished run, are read when they are first used. Raises RunFileError.
    """
    file = expanded(os.fspath(path))
    with words_of_python(), reading(file) as connection:
        run = read_run_from(connection, file)
        pairs = None
        if not run.complete:  # logits of the same moment as everything else: the engine may write more meanwhile
            shape = (len(run.labels), run.info.classes)
            pairs = read_logit_pairs(connection, range(len(run.models)), shape)
    return LoadedRun(run, Path(file), pairs)


def load_runs(paths: Iterable[PathLike]) -> LoadedRuns:
    """Runs that belong together, each as `load_run` gives it, in their order; they may still be going on.

    They are other training seeds, attack seeds or ensembles on the same data under the same threat model, as
    `thinice-tui open` and `report` take them. Raises RunFileError for the first that cannot be read, and for one that
    does not belong to the first; the message names what differs: samples, norm, eps, classes, models, sparsities.
    """
    if isinstance(paths, str | os.PathLike):
        raise UsageError(f"paths is {os.fspath(paths)!r}, expected several, in a list")
    with words_of_python():
        return LoadedRuns([load_run(path) for path in paths])
