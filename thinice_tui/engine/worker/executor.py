"""Where batches execute. In this process here; many GPUs or machines would be another Executor."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.minimum_distance import Boundary, nearest_boundary
from thinice_tui.attacks.registry import attack_batch, seeded
from thinice_tui.engine.worker.attack_model import AttackModel, prepare_attack_model
from thinice_tui.engine.worker.diagnostics import examine
from thinice_tui.engine.worker.memory import OutOfMemory, free_cached, in_pieces, is_out_of_memory
from thinice_tui.engine.worker.verify import Verdict, distance, verify
from thinice_tui.errors import ModelError, ThiniceError, reason
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.records import BatchOutcome, Finding, joined

OF_EACH_SAMPLE = ("positions", "images", "labels", "standing", "adversarial")


@dataclass(frozen=True)
class BatchTask:
    """One stage on one batch: images float32 [b,C,H,W] in [0,1], labels [b], their positions in the run.

    standing: bool [b], what no stage before has broken. adversarial: float32 [b,C,H,W], for the distance stage: the
    images that broke the others; the clean one where a sample stands or its image is not stored.
    room: how many images the device is given at once, the whole batch's size where this is the last, smaller one.
    part: which part of a batch that was too large for the device; empty for a whole one.
    """

    model: int
    stage: Stage
    number: int
    positions: NDArray[np.int64]
    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    standing: NDArray[np.bool_]
    adversarial: NDArray[np.float32]
    room: int
    part: str = ""

    def halves(self) -> "tuple[BatchTask, BatchTask]":
        """The batch in two, each with noise of its own."""
        middle = len(self.positions) // 2
        first, second = slice(None, middle), slice(middle, None)
        return self._cut(first, "a"), self._cut(second, "b")

    def _cut(self, rows: slice, name: str) -> "BatchTask":
        arrays = {key: getattr(self, key)[rows] for key in OF_EACH_SAMPLE}
        return replace(self, **arrays, room=len(arrays["positions"]), part=self.part + name)


class Executor(Protocol):
    """What the engine needs of the place where batches run."""

    def run(self, tasks: Iterable[BatchTask]) -> Iterator[tuple[BatchTask, BatchOutcome]]:
        """Verified outcomes, in the order of the tasks."""

    def clean_logits(self, model: int, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits [b,C], float32, on clean images [b,C,H,W]."""


def noise_seed(seed: int, stage: str, batch: int, part: str = "") -> int:
    """The seed of a stage's noise on a batch: model-independent, 31 bits; restarts draw on from it."""
    digest = hashlib.sha256(f"{seed}|{stage}|{batch}{part}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFF_FFFF


class LocalExecutor:
    """Batches one after the other, on one device, in this process."""

    def __init__(
        self,
        names: Sequence[str],
        models: Sequence[Classifier],
        settings: Settings,
        device: torch.device,
        probe: NDArray[np.float32],
        on_forward: Callable[[int], None],
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`probe`: clean images on which the forms to search with are compared to the models as they are.

        `on_forward` gets the images passed forward in the batch in flight; it may raise to stop. `warn` is told
        when a batch is too large for the device.
        """
        self._names, self._settings, self._device = names, settings, device
        self._judges = [model.to(device) for model in models]
        self._on_forward, self._warn = on_forward, warn
        self.search: list[AttackModel] = []
        """What each model is searched with."""
        for number in range(len(self._judges)):
            self.search.append(self._prepared(number, probe))

    def _prepared(self, model: int, probe: NDArray[np.float32]) -> AttackModel:
        """What to search with; compared on fewer images where the device has too little memory."""
        try:
            with self._explained(model, "a first look", len(probe)):
                images = torch.from_numpy(probe).to(self._device)
                return prepare_attack_model(self._judges[model], images, self._settings.precision)
        except OutOfMemory:
            if len(probe) == 1:
                raise
        return self._prepared(model, probe[: len(probe) // 2])

    def run(self, tasks: Iterable[BatchTask]) -> Iterator[tuple[BatchTask, BatchOutcome]]:
        """Attack and re-verify each task's batch; lazily, so that each outcome can be kept before the next."""
        for task in tasks:
            yield task, self._fitting(task)

    def _fitting(self, task: BatchTask) -> BatchOutcome:
        """The batch's outcome; where the device has too little memory for it, in halves."""
        size = len(task.positions)
        started = time.perf_counter()
        try:
            with self._explained(task.model, task.stage.name, size):
                return self._run_one(task)
        except OutOfMemory:
            if size == 1:
                raise
        free_cached()
        self._warn(
            f"a batch of {size} is too large for {self._device} ({self._names[task.model]}, {task.stage.name}): it was "
            "halved; outcomes are as sound, with other noise than on a larger device"
        )
        halves = [self._fitting(half) for half in task.halves()]
        return replace(joined(halves), seconds=time.perf_counter() - started)

    def _run_one(self, task: BatchTask) -> BatchOutcome:
        started = time.perf_counter()
        judge, search = self._judges[task.model], self.search[task.model]
        form = search.exact if task.stage.kind == "square" else search.module
        images, labels = (torch.from_numpy(array).to(self._device) for array in (task.images, task.labels))
        metered = CountingModel(form, self._device, lambda meter: self._on_forward(meter.forwards))
        meters: tuple[CountingModel, ...] = (metered,)
        if task.stage.kind == "distance":
            verdict, boundary = self._measure(task, metered, images, labels)
        else:
            verdict, boundary = self._attack(task, metered, images, labels), None
            missed = self._claimed(form, verdict.images, labels) & ~verdict.broken
            if form is not judge and bool(missed.any()):
                # What falls for the form searched with alone still stands: the model itself is attacked.
                before = metered.forwards
                exact = CountingModel(judge, self._device, lambda meter: self._on_forward(before + meter.forwards))
                index = missed.nonzero().flatten()
                verdict = verdict.updated(index, self._attack(task, exact, images[index], labels[index]))
                meters = (metered, exact)
        return BatchOutcome(
            positions=task.positions,
            logits=verdict.logits.cpu().numpy(),
            broken=verdict.broken.cpu().numpy(),
            distances=verdict.distances.cpu().numpy(),
            images=verdict.images.cpu().numpy(),
            boundary=boundary,
            forwards=sum(meter.forwards for meter in meters),
            backwards=sum(meter.backwards for meter in meters),
            not_finite=sum(meter.not_finite for meter in meters),
            seconds=time.perf_counter() - started,
        )

    def _attack(self, task: BatchTask, model: CountingModel, images: Tensor, labels: Tensor) -> Verdict:
        norm, eps = self._settings.norm, self._settings.eps.value
        candidates = attack_batch(task.stage, model, images, labels, norm, eps, self._seed(task), task.room)
        return verify(self._judges[task.model], images, labels, candidates, norm, eps)

    def _measure(
        self, task: BatchTask, model: CountingModel, images: Tensor, labels: Tensor
    ) -> tuple[Verdict, NDArray[np.float64]]:
        """The nearest images and their distances; none counts as broken: the ensemble's verdicts stay."""
        norm, eps, judge = self._settings.norm, self._settings.eps.value, self._judges[task.model]
        standing, adversarial = (torch.from_numpy(each).to(self._device) for each in (task.standing, task.adversarial))

        def distances_if_broken(candidates: Tensor, index: Tensor) -> Tensor:
            logits = judge(candidates)
            broken = torch.isfinite(logits).all(dim=1) & (logits.argmax(dim=1) != labels[index])
            return torch.where(broken, distance(images[index], candidates, norm), torch.inf)

        far = distance(images, adversarial, norm).clamp(max=eps)  # L2: of eps, what rounding leaves outside
        known = Boundary(adversarial, torch.where(standing | (far == 0), torch.inf, far))
        with seeded(self._seed(task)), torch.no_grad():
            found = nearest_boundary(
                model, images, labels, norm, task.stage.steps, standing * eps, known, distances_if_broken
            )
            logits = judge(found.images)
        verdict = Verdict(found.images, logits, found.distances, broken=torch.zeros_like(standing))
        return verdict, found.distances.cpu().numpy()

    def _seed(self, task: BatchTask) -> int:
        return noise_seed(self._settings.seed, task.stage.name, task.number, task.part)

    @torch.no_grad()
    def _claimed(self, form: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        """Which of the images are misclassified by what was searched with, bool [b]."""
        wrong: Tensor = form(images).argmax(dim=1) != labels
        return wrong

    def examine(
        self, model: int, positions: NDArray[np.int64], images: NDArray[np.float32], labels: NDArray[np.int64]
    ) -> tuple[Finding, ...]:
        """Signs that attacks could not do their work, on samples [b] that stand, at `positions` of the run.

        On fewer of them where the device has too little memory; findings say on how many.
        """
        size = len(positions)
        try:
            with self._explained(model, "the checks", size):
                return examine(
                    self._judges[model],
                    self._names[model],
                    torch.from_numpy(positions),
                    torch.from_numpy(images).to(self._device),
                    torch.from_numpy(labels).to(self._device),
                    self._settings.norm,
                    self._settings.eps.value,
                    noise_seed(self._settings.seed, "checks", 0),
                )
        except OutOfMemory:
            if size == 1:
                raise
        free_cached()
        return self.examine(model, positions[: size // 2], images[: size // 2], labels[: size // 2])

    @torch.no_grad()
    def clean_logits(self, model: int, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits [b,C], float32, on clean images [b,C,H,W]; in parts where the device has too little memory."""

        def forward(part: NDArray[np.float32]) -> NDArray[np.float32]:
            with self._explained(model, "the clean pass", len(part)):
                logits: NDArray[np.float32] = self._judges[model](torch.from_numpy(part).to(self._device)).cpu().numpy()
                return logits

        return in_pieces(forward, images)

    @contextmanager
    def _explained(self, model: int, doing: str, size: int) -> Iterator[None]:
        """What goes wrong inside a model or an attack, as an error that names model, stage and size."""
        where = f"{self._names[model]}, {doing}, batch of {size} on {self._device}"
        try:
            yield
        except (ThiniceError, KeyboardInterrupt):
            raise
        except BaseException as error:  # whatever a stranger's model may raise, to end the program even
            if is_out_of_memory(error):
                raise OutOfMemory(
                    f"{where}: out of memory; what was computed before is kept",
                    "free memory on the device, or use another one, and repeat the command: it goes on from there",
                ) from error
            raise ModelError(
                f"{where}: failed ({reason(error)}); what was computed before is kept",
                "expected a model that is differentiable and takes any batch size; --debug shows where it failed",
            ) from error
