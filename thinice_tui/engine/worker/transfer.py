"""Other models' adversarial images on one batch of a model's standing samples: one forward pass, and no attack."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.engine.worker.tasks import BatchTask, Worker, outcome_of
from thinice_tui.engine.worker.verify import verify
from thinice_tui.runfile.records import BatchOutcome


@dataclass(frozen=True, kw_only=True)
class TransferTask(BatchTask):
    """A batch of standing samples with another model's adversarial images: transferred, float32 [b,C,H,W]."""

    transferred: NDArray[np.float32]

    @property
    def name(self) -> str:
        return "other models' images"

    def compute(self, worker: Worker) -> BatchOutcome:
        return judge_transferred(self, worker)


def judge_transferred(task: TransferTask, worker: Worker) -> BatchOutcome:
    """Which images the unmodified model misclassifies, in full precision, within eps of the clean ones."""
    images, labels, transferred = (
        torch.from_numpy(array).to(worker.device) for array in (task.images, task.labels, task.transferred)
    )
    norm, eps = worker.settings.norm, worker.settings.eps.value
    return outcome_of(task, verify(worker.judge, images, labels, transferred, norm, eps), [])
