"""The distance measurement on one batch: the nearest adversarial image of each sample, judged by the model itself."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from thinice_tui.attacks.losses import misclassified
from thinice_tui.attacks.minimum_distance import Boundary, nearest_boundary
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import norm_of
from thinice_tui.engine.worker.full_precision import full_precision
from thinice_tui.engine.worker.tasks import BatchTask, Worker, outcome_of
from thinice_tui.engine.worker.verify import Verdict
from thinice_tui.protocol.distance import DistanceMeasurement
from thinice_tui.runfile.records import BatchOutcome


@dataclass(frozen=True, kw_only=True)
class DistanceTask(BatchTask):
    """A batch whose distances to the decision boundary are measured.

    standing: bool [b], samples that no stage has broken; adversarial: float32 [b,C,H,W], the images that broke the
    others, the clean image where a sample stands or its adversarial image is not stored.
    """

    measurement: DistanceMeasurement
    standing: NDArray[np.bool_]
    adversarial: NDArray[np.float32]

    @property
    def name(self) -> str:
        return self.measurement.name

    def compute(self, worker: Worker) -> BatchOutcome:
        return measure_distances(self, worker)


def measure_distances(task: DistanceTask, worker: Worker) -> BatchOutcome:
    """The nearest images and their distances. None counts as broken: the ensemble's verdicts stay."""
    norm, eps, judge = norm_of(worker.settings.norm), worker.settings.eps.value, worker.judge
    images, labels, standing, adversarial = (
        torch.from_numpy(array).to(worker.device)
        for array in (task.images, task.labels, task.standing, task.adversarial)
    )
    model = worker.counting(worker.attack_model.module)

    def distances_if_broken(candidates: Tensor, index: Tensor) -> Tensor:
        with full_precision():
            broken = misclassified(judge(candidates), labels[index])
        return torch.where(broken, norm.distances(images[index], candidates), torch.inf)

    distances = norm.distances(images, adversarial).clamp(max=eps)  # rounding may leave an L2 image just outside eps
    known = Boundary(adversarial, torch.where(standing | (distances == 0), torch.inf, distances))
    noise = Noise(worker.settings.seed, task.name, task.indices)
    with torch.no_grad():
        steps, targets = task.measurement.steps, task.measurement.targets
        with worker.attack_model.searching():
            found = nearest_boundary(model, images, labels, norm, steps, targets, known, distances_if_broken, noise)
        logits = judge(found.images)
    verdict = Verdict(found.images, logits, found.distances, broken=torch.zeros_like(standing))
    return outcome_of(task, verdict, [model], boundary=found.distances.cpu().numpy())
