"""The forward pass over a whole data set: exact margins of a linear model, stopped and taken up again."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.engine_runs import StopAfter, request
from tests.linear_models import ARCH, Files
from tests.pretend_gpu import AVAILABLE, NAME, failing
from thinice_tui.analysis.measured_margins import MeasuredMargins
from thinice_tui.engine import margins as engine_margins
from thinice_tui.engine.compare import prepare
from thinice_tui.engine.margins import measure_margins
from thinice_tui.errors import DataError, Interrupted, ModelError
from thinice_tui.models.load import load_model

PARTIAL = Path("m.npz.partial")


class Passes:
    """Records how many samples were done after each batch, and interrupts after the n-th."""

    def __init__(self, last: int | None = None) -> None:
        self.last, self.seen = last, list[int]()

    def show(self, name: str, done: int, total: int) -> None:
        assert name == "dense" and total == 48
        self.seen.append(done)
        if len(self.seen) == self.last:
            raise KeyboardInterrupt


def measure(
    files: Files,
    passes: Passes,
    time_limit: float | None = None,
    observer: StopAfter | None = None,
    batch_size: int = 8,
    **changes: object,
) -> MeasuredMargins:
    prepared = prepare(request(files, Path("unused.thinice"), pruned=(), control=None, **changes))
    return measure_margins(prepared, PARTIAL, batch_size, time_limit, observer or StopAfter(), passes.show)


def exact(files: Files) -> np.ndarray:
    """The margins of the linear model in float64."""
    logits = files.task.images.reshape(48, -1).astype(np.float64) @ files.task.weight.T.astype(np.float64)
    own = logits[np.arange(48), files.task.labels].copy()
    logits[np.arange(48), files.task.labels] = -np.inf
    margins: np.ndarray = own - logits.max(axis=1)
    return margins


def test_margins_are_exact_and_nothing_is_attacked(files: Files) -> None:
    found = measure(files, Passes())
    assert found.clean == pytest.approx(exact(files), abs=1e-4) and found.attacked is None and found.robust is None
    assert ((found.predictions == found.labels) == (exact(files) > 0)).all()
    assert found.indices.tolist() == list(range(48)) and found.source == str(files.data)
    assert found.about["models"] == {"dense": load_model(files.dense, ARCH).checkpoint.sha256}
    assert not Path("unused.thinice").exists()


def test_a_stopped_pass_goes_on_with_what_is_missing(files: Files) -> None:
    first, second = Passes(2), Passes()
    with pytest.raises(KeyboardInterrupt):
        measure(files, first)
    found = measure(files, second)
    assert (first.seen, second.seen) == ([8, 16], [24, 32, 40, 48])
    PARTIAL.unlink()
    assert np.array_equal(found.clean, measure(files, Passes()).clean)


def test_a_killed_pass_loses_what_was_not_kept_yet(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_margins, "KEEP_SECONDS", 0.0)
    killed = Path("killed.partial")

    class Killed(Passes):
        def show(self, name: str, done: int, total: int) -> None:
            super().show(name, done, total)
            if len(self.seen) == 4:  # what a kill would leave: the batches before this one
                shutil.copy(PARTIAL, killed)

    measure(files, Killed())
    killed.rename(PARTIAL)
    again = Passes()
    assert measure(files, again).clean == pytest.approx(exact(files), abs=1e-4)
    assert again.seen == [32, 40, 48]


def test_a_time_limit_ends_after_a_batch_and_always_gets_on(files: Files) -> None:
    seen = []
    for _ in range(5):
        passes = Passes()
        with pytest.raises(Interrupted, match="time limit") as caught:
            measure(files, passes, time_limit=0)
        assert "repeat the command" in caught.value.do
        seen += passes.seen
    assert seen == [8, 16, 24, 32, 40]
    assert measure(files, Passes(), time_limit=0).clean == pytest.approx(exact(files), abs=1e-4)


def test_other_data_does_not_go_on(files: Files) -> None:
    with pytest.raises(KeyboardInterrupt):
        measure(files, Passes(1))
    np.savez(files.data, images=1 - files.task.images, labels=files.task.labels)
    with pytest.raises(DataError, match="on other data"):
        measure(files, Passes())


@pytest.mark.skipif(not AVAILABLE, reason="this torch lets no Python code be a backend")
def test_on_a_pretend_gpu_with_little_memory_margins_are_the_same(files: Files) -> None:
    """The checks take eight images at once; more than nine do not fit."""
    passes = Passes()
    with failing("addmm", above=9, error=torch.OutOfMemoryError("CUDA out of memory")):
        found = measure(files, passes, batch_size=16, device=f"{NAME}:0")
    assert passes.seen == [16, 32, 48] and found.clean == pytest.approx(exact(files), abs=1e-4)
    assert found.about["device"] == f"{NAME}:0"


def test_what_is_no_model_of_logits_is_refused_and_low_accuracy_warned_of(files: Files) -> None:
    with pytest.raises(ModelError, match="returns probabilities"):
        measure(files, Passes(), arch=ARCH.replace(":linear", ":softmaxed"))
    np.savez(files.data, images=files.task.images, labels=(files.task.labels + 1) % 5)
    observer = StopAfter()
    measure(files, Passes(), observer=observer)
    assert any("near chance" in warning for warning in observer.warnings), observer.warnings
