"""One device in this process: one task after the other, each only when the result before it was taken."""

from functools import partial
from pathlib import Path

import numpy as np
import torch

from tests.linear_models import make_task, module
from thinice_tui.engine.control.progress import ProgressTracker
from thinice_tui.engine.control.run_control import RunControl
from thinice_tui.engine.control.watch import Watch
from thinice_tui.engine.worker.clean import CleanTask
from thinice_tui.engine.worker.executor import LocalExecutor
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.progress import SilentObserver
from thinice_tui.protocol.settings import Settings


def test_tasks_are_computed_lazily_and_in_their_order(tmp_path: Path) -> None:
    data = make_task(12)
    tracker = ProgressTracker(["dense"], (), 5, SilentObserver(), lambda _: None)
    watch = Watch(tracker, RunControl(tmp_path / "a.thinice", None, tracker), lambda _: None)
    settings, device = Settings.build("Linf", None, "quick"), torch.device("cpu")
    executor = LocalExecutor(["dense"], [Classifier(module(data.weight))], settings, device, data.images, watch)
    asked = []

    def tasks() -> object:
        for first in (0, 4, 8):
            asked.append(first)
            at = np.arange(first, first + 4)
            yield CleanTask(model=0, positions=at, images=data.images[at])

    waiting = tasks()
    for count, done in enumerate(executor.run(partial(next, waiting, None)), start=1):
        assert len(asked) == count and done.task.positions[0] == asked[-1] and done.seconds >= 0
        assert np.allclose(done.result, data.images[done.task.positions].reshape(4, -1) @ data.weight.T, atol=1e-4)
    assert asked == [0, 4, 8] and executor.places == 1 and executor.where.startswith("cpu")
    assert [form.precision for form in executor.search_forms] == ["fp32"]
    executor.close()
