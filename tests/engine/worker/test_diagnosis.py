"""The checks as a task: where memory is short, half of the samples are looked at, and the findings say so."""

import numpy as np
import torch

from tests.linear_models import make_task, module
from thinice_tui.engine.worker.attack_model import AttackModel
from thinice_tui.engine.worker.diagnosis import DiagnosisTask
from thinice_tui.engine.worker.diagnostics import CHECKS
from thinice_tui.engine.worker.tasks import Worker
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.settings import Settings


def test_half_of_the_samples_are_enough_for_findings() -> None:
    data = make_task(12)
    judge = Classifier(module(data.weight))
    forms, settings = AttackModel(judge, judge, "fp32", (), ()), Settings.build("Linf", None, "quick")
    worker = Worker("dense", judge, forms, settings, torch.device("cpu"), lambda _: None)
    at = np.arange(12)
    task = DiagnosisTask(model=0, positions=at, images=data.images, indices=at, labels=data.labels)
    (half,) = task.smaller()
    findings = task.joined([half.compute(worker)])
    assert [finding.check for finding in findings] == list(CHECKS)
    assert {(finding.model, finding.n) for finding in findings} == {("dense", 6)}
    assert "half" in task.when_halved
