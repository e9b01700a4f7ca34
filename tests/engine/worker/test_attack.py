"""One stage on one batch: a fast form of the model is attacked, the model itself judges."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.linear_models import make_task, module
from thinice_tui.engine.worker.attack import AttackTask, run_attack
from thinice_tui.engine.worker.attack_model import AttackModel
from thinice_tui.engine.worker.distance import DistanceTask, measure_distances
from thinice_tui.engine.worker.full_precision import full_precision
from thinice_tui.engine.worker.tasks import Worker
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.distance import DistanceMeasurement
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.protocol.settings import Settings


class Wrong(nn.Module):
    """A form that calls every image the last class."""

    def forward(self, x: Tensor) -> Tensor:
        logits = torch.zeros(len(x), 5)
        logits[:, 4] = 1.0 + 0 * x.flatten(1).sum(dim=1)
        return logits


def worker_and_task(stage: Stage) -> tuple[Worker, AttackTask, np.ndarray]:
    """The linear task's correct samples of other classes than the last, a form that agrees, and exact distances."""
    task = make_task(60)
    distances = task.distances("Linf")
    chosen = np.flatnonzero((distances > 0) & (task.labels != 4))
    judge = Classifier(module(task.weight))
    settings = Settings.build("Linf", str(float(np.median(distances[chosen]))), "quick")
    forms = AttackModel(judge, judge, "fp32", (), ())
    worker = Worker("dense", judge, forms, settings, torch.device("cpu"), lambda _: None)
    batch = AttackTask(
        model=0,
        stage=stage,
        first=0,
        positions=chosen,
        indices=chosen,
        images=task.images[chosen],
        labels=task.labels[chosen],
        batch_capacity=len(chosen),
    )
    return worker, batch, distances[chosen]


def test_what_only_the_fast_form_misclassifies_is_attacked_on_the_model_itself() -> None:
    worker, task, distances = worker_and_task(Stage("APGD-CE", "apgd-ce", 50))
    wrong = replace(worker, attack_model=replace(worker.attack_model, module=Wrong()))
    expected, found = run_attack(task, worker), run_attack(task, wrong)
    eps = worker.settings.eps.value
    assert np.array_equal(found.broken, expected.broken)
    assert found.broken[distances < 0.98 * eps].all() and not found.broken[distances > eps].any()
    assert found.forwards > expected.forwards, "the passes of both are counted"


@pytest.mark.parametrize(
    ("stage", "exact"), [(Stage("Square", "square", 5), True), (Stage("PGD-5", "pgd", 5), False)], ids=["square", "pgd"]
)
def test_attacks_without_gradients_query_the_exact_form(stage: Stage, exact: bool) -> None:
    worker, task, _ = worker_and_task(stage)
    calls = {"module": 0, "exact": 0}

    class Form(nn.Module):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def forward(self, x: Tensor) -> Tensor:
            calls[self.name] += 1
            logits: Tensor = worker.judge(x)
            return logits

    forms = AttackModel(Form("module"), Form("exact"), "fp32", (), ())
    run_attack(task, replace(worker, attack_model=forms))
    assert (calls["exact"] > 0) == exact and (calls["module"] > 0) != exact


class Watched(nn.Module):
    """A form that notes whether GPUs may compute in TF32 in its forward and backward passes."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model, self.forwards, self.backwards = model, set[bool](), set[bool]()

    def forward(self, x: Tensor) -> Tensor:
        self.forwards.add(torch.backends.cudnn.allow_tf32)
        logits: Tensor = self.model(x)
        if logits.requires_grad:
            logits.register_hook(self._passed_back)  # type: ignore[no-untyped-call]
        return logits

    def _passed_back(self, _: Tensor) -> None:
        self.backwards.add(torch.backends.cudnn.allow_tf32)


@pytest.mark.parametrize("kind", ["pgd", "apgd-ce", "fab", "square", "distance"])
def test_tf32_is_for_gradients_alone_and_never_for_the_judge(kind: str) -> None:
    worker, task, _ = worker_and_task(Stage(kind, "pgd" if kind == "distance" else kind, 3))
    judge, module, exact = Watched(worker.judge), Watched(worker.judge), Watched(worker.judge)
    forms = AttackModel(module, exact, "tf32", (), ())
    watched = replace(worker, judge=judge, attack_model=forms)  # type: ignore[arg-type]
    with full_precision():
        if kind == "distance":
            measured = DistanceTask(
                model=task.model,
                first=task.first,
                positions=task.positions,
                indices=task.indices,
                images=task.images,
                labels=task.labels,
                batch_capacity=task.batch_capacity,
                measurement=DistanceMeasurement(2, 2),
                standing=np.ones(len(task.labels), dtype=np.bool_),
                adversarial=task.images,
            )
            measure_distances(measured, watched)
        else:
            run_attack(task, watched)
    assert judge.forwards == {False} and not judge.backwards
    if kind == "square":
        assert exact.forwards == {False} and not module.forwards
    else:
        assert module.forwards == module.backwards == {True} and not exact.forwards
