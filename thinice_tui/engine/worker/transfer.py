"""Other models' adversarial images on one batch of a model's standing samples: one forward pass, and no attack."""

import torch

from thinice_tui.engine.worker.tasks import TransferTask, Worker, outcome_of
from thinice_tui.engine.worker.verify import verify
from thinice_tui.runfile.records import BatchOutcome


def judge_transferred(task: TransferTask, worker: Worker) -> BatchOutcome:
    """Which images the unmodified model misclassifies, in full precision, within eps of the clean ones."""
    images, labels, transferred = (
        torch.from_numpy(array).to(worker.device) for array in (task.images, task.labels, task.transferred)
    )
    norm, eps = worker.settings.norm, worker.settings.eps.value
    return outcome_of(task, verify(worker.judge, images, labels, transferred, norm, eps), [])
