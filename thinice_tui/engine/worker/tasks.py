"""What a worker computes: a batch to attack, one whose distances are measured, or one with other models' images."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from thinice_tui.attacks.counting import CountingModel
from thinice_tui.engine.worker.attack_model import AttackModel
from thinice_tui.engine.worker.verify import Verdict
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.distance import DistanceMeasurement
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.records import BatchOutcome


@dataclass(frozen=True, kw_only=True)
class BatchTask(ABC):
    """A batch of one model's samples: images float32 [b,C,H,W] in [0,1], labels [b], their positions [b] in the run.

    first: the place of its first sample among those that the stage computes; indices: [b], the samples' indices in the
    original data; batch_capacity: how many images the device is given at once, the size of a whole batch where this is
    the last, smaller one.
    """

    model: int
    first: int
    positions: NDArray[np.int64]
    indices: NDArray[np.int64]
    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    batch_capacity: int

    @property
    @abstractmethod
    def name(self) -> str:
        """The name of its stage, or of the measurement."""

    def halves(self) -> tuple[Self, Self]:
        """The batch in two."""
        middle = len(self.positions) // 2
        return self._cut(slice(None, middle)), self._cut(slice(middle, None))

    def _cut(self, rows: slice) -> Self:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        cut: dict[str, Any] = {name: value[rows] for name, value in values.items() if isinstance(value, np.ndarray)}
        return replace(self, **cut, batch_capacity=len(cut["positions"]))


@dataclass(frozen=True, kw_only=True)
class AttackTask(BatchTask):
    """A batch to attack with one stage of the ensemble."""

    stage: Stage

    @property
    def name(self) -> str:
        return self.stage.name


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


@dataclass(frozen=True, kw_only=True)
class TransferTask(BatchTask):
    """A batch of standing samples with another model's adversarial images: transferred, float32 [b,C,H,W]."""

    transferred: NDArray[np.float32]

    @property
    def name(self) -> str:
        return "other models' images"


@dataclass(frozen=True)
class Worker:
    """What a batch is computed with: the unmodified model that judges, its faster forms that attacks search with."""

    judge: Classifier
    attack_model: AttackModel
    settings: Settings
    device: torch.device
    on_forward: Callable[[int], None]
    """Called after every forward pass with the images of the batch that were passed forward so far; may raise."""

    def counting(self, form: nn.Module, before: int = 0) -> CountingModel:
        """`form`, counted for on_forward; before: the images of the batch that another form was given."""
        return CountingModel(form, self.device, lambda model: self.on_forward(before + model.forwards))


def outcome_of(
    task: BatchTask,
    verdict: Verdict,
    models: Sequence[CountingModel],
    boundary: NDArray[np.float64] | None = None,
) -> BatchOutcome:
    """The outcome for the run file, its seconds not yet set. models: those that were attacked."""
    return BatchOutcome(
        positions=task.positions,
        logits=verdict.logits.cpu().numpy(),
        broken=verdict.broken.cpu().numpy(),
        distances=verdict.distances.cpu().numpy(),
        images=verdict.images.cpu().numpy(),
        boundary=boundary,
        forwards=sum(model.forwards for model in models),
        backwards=sum(model.backwards for model in models),
        not_finite=sum(model.not_finite for model in models),
        seconds=0.0,
    )
