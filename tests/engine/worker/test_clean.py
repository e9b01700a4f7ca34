"""The clean pass on a batch, whole and in parts."""

import numpy as np
import torch

from tests.linear_models import make_task, module
from thinice_tui.engine.worker.attack_model import AttackModel
from thinice_tui.engine.worker.clean import CleanTask
from thinice_tui.engine.worker.tasks import Worker
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.settings import Settings


def test_logits_are_the_models_own_also_in_parts() -> None:
    data = make_task(9)
    judge = Classifier(module(data.weight))
    forms, settings = AttackModel(judge, judge, "fp32", (), ()), Settings.build("Linf", None, "quick")
    worker = Worker("dense", judge, forms, settings, torch.device("cpu"), lambda _: None)
    task = CleanTask(model=0, positions=np.arange(9), images=data.images)
    expected = data.images.reshape(9, -1) @ data.weight.T
    assert np.allclose(task.compute(worker), expected, atol=1e-4)
    parts = task.smaller()
    assert [len(part.positions) for part in parts] == [4, 5]
    assert np.allclose(task.joined([part.compute(worker) for part in parts]), expected, atol=1e-4)
