"""The engine, called from a Python program: it leaves the program's random numbers, stdout and modules as they are."""

import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch

from thinice_tui.engine.compare import PreparedRun, compute
from thinice_tui.engine.prepare_modules import refuse_randomized
from thinice_tui.errors import Interrupted, ThiniceWarning
from thinice_tui.protocol.progress import Heartbeat, SilentObserver
from thinice_tui.protocol.settings import Settings
from thinice_tui.python.attack_options import Progress
from thinice_tui.python.wording import in_python

PACKAGE = __name__.partition(".")[0]


class CallerObserver(SilentObserver):
    """Passes progress to the caller's function, and warnings to Python's `warnings`."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.raised: BaseException | None = None
        """What the caller's function raised, which ended the run."""

    def warn(self, message: str) -> None:
        warnings.warn(in_python(message), ThiniceWarning, stacklevel=_callers_level())

    def progress(self, beat: Heartbeat) -> None:
        if self._progress is None:
            return
        try:
            self._progress(beat)
        except Exception as error:  # what the engine computes with must not be taken for the cause
            self.raised = error
            raise Interrupted("the progress function raised an exception") from error


def _callers_level() -> int:
    """The `stacklevel` of the first function that is none of this package: a warning names the caller's line."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == PACKAGE:
        frame, level = frame.f_back, level + 1
    return level


@contextmanager
def undisturbed(device: torch.device) -> Iterator[None]:
    """Inside, the caller's autocast and inference mode do not hold: they round logits, and take gradients away.

    Afterwards torch, NumPy and Python draw the random numbers that they would have drawn.
    """
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        with ExitStack() as stack:
            stack.enter_context(torch.random.fork_rng(devices=[device] if device.type == "cuda" else []))
            stack.enter_context(torch.inference_mode(False))
            for kind in {"cpu", device.type}:
                if torch.is_autocast_enabled(kind):
                    stack.enter_context(torch.autocast(kind, enabled=False))
            yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)


def compute_run(prepared: PreparedRun, settings: Settings, progress: Progress | None, randomized: bool) -> None:
    """Compute the run file; raises ThiniceError, and whatever `progress` raises."""
    if not randomized:
        refuse_randomized(prepared)
    observer = CallerObserver(progress)
    try:
        compute(prepared, settings, observer, {})
    except Interrupted:
        if observer.raised is not None:
            raise observer.raised from None
        raise
