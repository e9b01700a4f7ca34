"""The clean pass on one batch: the unmodified model's logits on clean images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from thinice_tui.engine.worker.tasks import Task, Worker
from thinice_tui.runfile.records import Floats


@dataclass(frozen=True, kw_only=True)
class CleanTask(Task[Floats]):
    """A batch whose logits [b,C], float32, on clean images are wanted."""

    @property
    def name(self) -> str:
        return "the clean pass"

    @torch.no_grad()
    def compute(self, worker: Worker) -> Floats:
        logits: Floats = worker.judge(torch.from_numpy(self.images).to(worker.device)).cpu().numpy()
        return logits

    def joined(self, parts: Sequence[Floats]) -> Floats:
        return np.concatenate(parts)
