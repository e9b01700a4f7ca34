"""Where batches execute. In this process here; many GPUs or machines would be another Executor."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.attacks.ensembles import Stage
from thinice_tui.attacks.metered import MeteredModel
from thinice_tui.attacks.stages import attack_batch
from thinice_tui.engine.verify import verify
from thinice_tui.errors import ModelError, ThiniceError
from thinice_tui.models.classifier import Classifier
from thinice_tui.runfile.records import BatchOutcome
from thinice_tui.settings import Settings


@dataclass(frozen=True)
class BatchTask:
    """One stage on one batch: images float32 [b,C,H,W] in [0,1], labels [b], their positions in the run."""

    model: int
    stage: Stage
    number: int
    positions: NDArray[np.int64]
    images: NDArray[np.float32]
    labels: NDArray[np.int64]


class Executor(Protocol):
    """What the engine needs of the place where batches run."""

    def run(self, tasks: Iterable[BatchTask]) -> Iterator[tuple[BatchTask, BatchOutcome]]:
        """Verified outcomes, in the order of the tasks."""

    def clean_logits(self, model: int, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits [b,C], float32, on clean images [b,C,H,W]."""


def noise_seed(seed: int, stage: str, batch: int) -> int:
    """The seed of a stage's noise on a batch: model-independent, 31 bits; restarts draw on from it."""
    digest = hashlib.sha256(f"{seed}|{stage}|{batch}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFF_FFFF


class LocalExecutor:
    """Batches one after the other, on one device, in this process."""

    def __init__(
        self,
        names: Sequence[str],
        models: Sequence[Classifier],
        settings: Settings,
        device: torch.device,
        on_forward: Callable[[int], None],
    ) -> None:
        """`on_forward` gets the images passed forward in the batch in flight; it may raise to stop."""
        self._names = names
        self._models = [model.to(device) for model in models]
        self._settings = settings
        self._device = device
        self._on_forward = on_forward

    def run(self, tasks: Iterable[BatchTask]) -> Iterator[tuple[BatchTask, BatchOutcome]]:
        """Attack and re-verify each task's batch; lazily, so that each outcome can be kept before the next."""
        for task in tasks:
            with self._explained(task.model, task.stage.name, len(task.positions)):
                outcome = self._run_one(task)
            yield task, outcome

    def _run_one(self, task: BatchTask) -> BatchOutcome:
        started = time.perf_counter()
        norm, eps = self._settings.norm, self._settings.eps.value
        model = self._models[task.model]
        metered = MeteredModel(model, self._device, lambda meter: self._on_forward(meter.forwards))
        images = torch.from_numpy(task.images).to(self._device)
        labels = torch.from_numpy(task.labels).to(self._device)
        seed = noise_seed(self._settings.seed, task.stage.name, task.number)
        candidates = attack_batch(task.stage, metered, images, labels, norm, eps, seed)
        verdict = verify(model, images, labels, candidates, norm, eps)
        return BatchOutcome(
            positions=task.positions,
            logits=verdict.logits.cpu().numpy(),
            broken=verdict.broken.cpu().numpy(),
            distances=verdict.distances.cpu().numpy(),
            images=verdict.images.cpu().numpy(),
            forwards=metered.forwards,
            backwards=metered.backwards,
            seconds=time.perf_counter() - started,
        )

    @torch.no_grad()
    def clean_logits(self, model: int, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits [b,C], float32, on clean images [b,C,H,W]."""
        with self._explained(model, "the clean pass", len(images)):
            logits = self._models[model](torch.from_numpy(images).to(self._device))
            found: NDArray[np.float32] = logits.cpu().numpy()
        return found

    @contextmanager
    def _explained(self, model: int, doing: str, size: int) -> Iterator[None]:
        """What goes wrong inside a model or an attack, as an error that names model, stage and size."""
        where = f"{self._names[model]}, {doing}, batch of {size} on {self._device}"
        try:
            yield
        except ThiniceError:
            raise
        except torch.OutOfMemoryError as error:
            raise ModelError(
                f"{where}: out of memory; what was computed before is kept",
                f"repeat with a smaller --batch-size (now {self._settings.batch_size or 'auto'}); another batch size "
                "is another run, so give it another file where you name one with --run",
            ) from error
        except Exception as error:
            raise ModelError(
                f"{where}: failed ({type(error).__name__}: {error}); what was computed before is kept",
                "expected a model that is differentiable and takes any batch size; --debug shows where it failed",
            ) from error
