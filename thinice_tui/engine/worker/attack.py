"""One stage of the ensemble on one batch: attack a fast form of the model, verify with the model itself."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.registry import attack_batch
from thinice_tui.engine.worker.tasks import BatchTask, Worker, outcome_of
from thinice_tui.engine.worker.verify import Verdict, verify
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.runfile.records import BatchOutcome


@dataclass(frozen=True, kw_only=True)
class AttackTask(BatchTask):
    """A batch to attack with one stage of the ensemble."""

    stage: Stage

    @property
    def name(self) -> str:
        return self.stage.name

    def compute(self, worker: Worker) -> BatchOutcome:
        return run_attack(self, worker)


def run_attack(task: AttackTask, worker: Worker) -> BatchOutcome:
    """The verified outcome of the stage.

    A sample that only the fast form misclassifies still counts as robust; it is attacked again on the model itself.
    """
    attack_model = worker.attack_model
    gradients = task.stage.attack.gradients
    form = attack_model.module if gradients else attack_model.exact
    images, labels = (torch.from_numpy(array).to(worker.device) for array in (task.images, task.labels))
    model = worker.counting(form)
    noise = Noise(worker.settings.seed, task.stage.noise_name, task.indices)
    searching = attack_model.searching if gradients else nullcontext
    verdict = _attack(task, worker, model, images, labels, noise, searching())
    if form is worker.judge:
        return outcome_of(task, verdict, [model])
    with torch.no_grad(), searching():
        only_fast_form = (form(verdict.images).argmax(dim=1) != labels) & ~verdict.broken
    index = only_fast_form.nonzero().flatten()
    if not len(index):
        return outcome_of(task, verdict, [model])
    judge = worker.counting(worker.judge, before=model.forwards)
    again = _attack(task, worker, judge, images[index], labels[index], noise.of(index), nullcontext())
    return outcome_of(task, verdict.updated(index, again), [model, judge])


def _attack(
    task: AttackTask,
    worker: Worker,
    model: CountingModel,
    images: Tensor,
    labels: Tensor,
    noise: Noise,
    searching: AbstractContextManager[None],
) -> Verdict:
    """searching: the attack runs inside it, the verdict outside."""
    settings = worker.settings
    norm, eps = settings.norm, settings.eps.value
    with searching:
        candidates = attack_batch(task.stage, model, images, labels, norm, eps, noise, task.batch_capacity)
    return verify(worker.judge, images, labels, candidates, norm, eps)
