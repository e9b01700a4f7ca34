"""Calls of the engine: warnings name the caller's line, its function's exceptions come back as they are."""

import random
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import thinice_tui as ti
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.python.engine_call import CallerObserver, undisturbed

BEAT = Heartbeat(0.0, "running", "dense", "PGD-20", 1, 2, 3.0, None)


def test_a_warning_is_one_of_pythons() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        CallerObserver(None).warn("give --run")
    (one,) = caught
    assert one.category is ti.ThiniceWarning and str(one.message) == "give run"
    assert Path(one.filename).name == Path(__file__).name


def test_what_the_callers_function_raises_is_kept() -> None:
    def fails(beat: Heartbeat) -> None:
        raise ZeroDivisionError(beat.stage)

    observer = CallerObserver(fails)
    with pytest.raises(ti.Interrupted):
        observer.progress(BEAT)
    assert isinstance(observer.raised, ZeroDivisionError)
    CallerObserver(None).progress(BEAT)


def test_random_numbers_are_the_callers() -> None:
    states = torch.get_rng_state(), random.getstate()
    before = np.random.get_state()[1].tolist()  # type: ignore[index]
    with pytest.raises(KeyboardInterrupt), undisturbed(torch.device("cpu")):
        torch.rand(3), random.random(), np.random.rand()
        raise KeyboardInterrupt
    assert torch.equal(torch.get_rng_state(), states[0]) and random.getstate() == states[1]
    assert np.random.get_state()[1].tolist() == before  # type: ignore[index]
