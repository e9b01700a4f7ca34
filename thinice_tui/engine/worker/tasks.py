"""What an executor is given to compute: work on some samples of one model, which carries all that it needs."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from thinice_tui.attacks.counting import CountingModel
from thinice_tui.engine.worker.attack_model import AttackModel
from thinice_tui.engine.worker.verify import Verdict
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.records import BatchOutcome, joined

Result = TypeVar("Result")
NO_CHANGE = "halved, which changes no outcome"


@dataclass(frozen=True)
class Worker:
    """What a task is computed with: the unmodified model that judges, its faster forms that attacks search with."""

    name: str
    """The model's."""
    judge: Classifier
    attack_model: AttackModel
    settings: Settings
    device: torch.device
    on_forward: Callable[[int], None]
    """Called after every forward pass with the images of the task that were passed forward so far; may raise."""

    def counting(self, form: nn.Module, before: int = 0) -> CountingModel:
        """`form`, counted for on_forward; before: the images of the task that another form was given."""
        return CountingModel(form, self.device, lambda model: self.on_forward(before + model.forwards))


@dataclass(frozen=True, kw_only=True)
class Task(ABC, Generic[Result]):
    """Work on samples of one model: images float32 [b,C,H,W] in [0,1], at `positions` [b] of the run."""

    when_halved: ClassVar[str] = NO_CHANGE
    """What happens to it where the device has too little memory, for a warning."""

    model: int
    """Its number in the run's order."""
    positions: NDArray[np.int64]
    images: NDArray[np.float32]

    @property
    @abstractmethod
    def name(self) -> str:
        """What is computed, for messages and progress."""

    @abstractmethod
    def compute(self, worker: Worker) -> Result:
        """The result, computed on the worker's device."""

    @abstractmethod
    def joined(self, parts: Sequence[Result]) -> Result:
        """The result from those of `smaller()`, in their order."""

    def smaller(self) -> tuple[Self, ...]:
        """What is computed in its place where the device has too little memory; its samples in two halves."""
        middle = len(self.positions) // 2
        return self._cut(slice(None, middle)), self._cut(slice(middle, None))

    def _cut(self, rows: slice) -> Self:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        cut: dict[str, Any] = {name: value[rows] for name, value in values.items() if isinstance(value, np.ndarray)}
        return replace(self, **cut)


@dataclass(frozen=True, kw_only=True)
class BatchTask(Task[BatchOutcome]):
    """A batch of a stage, or of another phase with an outcome for each sample: labels [b] as well.

    first: the place of its first sample among those that the stage computes; indices: [b], the samples' indices in the
    original data; batch_capacity: how many images the device is given at once, the size of a whole batch where this is
    the last, smaller one.
    """

    first: int
    indices: NDArray[np.int64]
    labels: NDArray[np.int64]
    batch_capacity: int

    def joined(self, parts: Sequence[BatchOutcome]) -> BatchOutcome:
        return joined(parts)

    def _cut(self, rows: slice) -> Self:
        cut = super()._cut(rows)
        return replace(cut, batch_capacity=len(cut.positions))


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
