"""The checks of one model after the attacks, on samples that stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.attacks.noise import Noise
from thinice_tui.engine.worker.diagnostics import diagnose
from thinice_tui.engine.worker.tasks import Task, Worker
from thinice_tui.protocol.phases import follows_cross_entropy_alone
from thinice_tui.runfile.records import Finding


@dataclass(frozen=True, kw_only=True)
class DiagnosisTask(Task[tuple[Finding, ...]]):
    """Standing samples with their labels [b] and indices [b] in the original data, to look for signs of failure."""

    when_halved: ClassVar[str] = "made on half of them; each finding says on how many"

    indices: NDArray[np.int64]
    labels: NDArray[np.int64]

    @property
    def name(self) -> str:
        return "the checks"

    def compute(self, worker: Worker) -> tuple[Finding, ...]:
        settings = worker.settings
        return diagnose(
            worker.judge,
            worker.attack_model.exact,
            worker.name,
            torch.from_numpy(self.positions),
            torch.from_numpy(self.images).to(worker.device),
            torch.from_numpy(self.labels).to(worker.device),
            settings.norm,
            settings.eps.value,
            Noise(settings.seed, "checks", self.indices),
            follows_cross_entropy_alone(settings),
        )

    def smaller(self) -> tuple[Self, ...]:
        """The first half alone: what holds for few samples is a finding, too."""
        return super().smaller()[:1]

    def joined(self, parts: Sequence[tuple[Finding, ...]]) -> tuple[Finding, ...]:
        return parts[0]
