"""Where batches are computed: in this process. Many GPUs or machines would be another Executor."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.attacks.noise import Noise
from thinice_tui.engine.worker.attack import run_attack
from thinice_tui.engine.worker.attack_model import AttackModel, prepare_attack_model
from thinice_tui.engine.worker.batch_fit import fitting_batch_size
from thinice_tui.engine.worker.diagnostics import diagnose
from thinice_tui.engine.worker.distance import measure_distances
from thinice_tui.engine.worker.memory import ADVICE, OutOfMemory, free_cached, in_pieces, is_out_of_memory
from thinice_tui.engine.worker.tasks import AttackTask, BatchTask, DistanceTask, TransferTask, Worker
from thinice_tui.engine.worker.transfer import judge_transferred
from thinice_tui.errors import ModelError, ThiniceError, reason
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.records import BatchOutcome, Finding, joined

Task = TypeVar("Task", bound=BatchTask)


class Executor(Protocol):
    """What the engine needs of the place where batches are computed. Models are numbered in the run's order."""

    @property
    def attack_models(self) -> Sequence[AttackModel]:
        """The forms that attacks search with, by model."""

    @property
    def batch_size(self) -> int:
        """The most images in a batch that suit where they are computed."""

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, BatchOutcome]]:
        """Verified outcomes, in the order of the tasks."""

    def clean_logits(self, model: int, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits [b,C], float32, of clean images [b,C,H,W]."""

    def diagnose(
        self,
        model: int,
        positions: NDArray[np.int64],
        indices: NDArray[np.int64],
        images: NDArray[np.float32],
        labels: NDArray[np.int64],
    ) -> tuple[Finding, ...]:
        """Signs that the attacks could not work, on robust samples [b] at `positions` of the run.

        indices: [b], theirs in the original data.
        """


class LocalExecutor:
    """Computes batches one after the other, on one device, in this process."""

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
        """Prepares each model's faster forms, which must agree with the model on `probe`, clean images [b,C,H,W].

        `on_forward` is called after every forward pass with the images passed forward so far in the current batch; it
        may raise to stop. `warn` is called when a batch is too large for the device.
        """
        self._names, self._settings, self._device = names, settings, device
        self._judges = list(models)
        self._on_forward, self._warn = on_forward, warn
        self._resident: int | None = None
        self._attack_models = list[AttackModel]()
        self._fitting = dict[tuple[int, str], int]()
        """How many images fit, by model and stage, where a batch was too large."""
        sizes = []
        for number in range(len(self._judges)):
            self._move_in(number)
            self._attack_models.append(self._prepared(number, probe))
            sizes.append(settings.batch_size or self._measured(number, probe))
        self._batch_size = min(sizes)

    @property
    def attack_models(self) -> Sequence[AttackModel]:
        """The forms that attacks search with, by model."""
        return self._attack_models

    @property
    def batch_size(self) -> int:
        """The settings' size, else the one that fits every model."""
        return self._batch_size

    def _measured(self, model: int, probe: NDArray[np.float32]) -> int:
        with self._named_errors(model, "measuring its memory", 1):
            return fitting_batch_size(self._attack_models[model], probe, self._device)

    def _move_in(self, model: int) -> None:
        """Move the model and its faster forms to the device, and the one that was there before back to the CPU.

        The batches of one model follow one another, so that there are few moves.
        """
        if model == self._resident:
            return
        with self._named_errors(model, f"moving it to {self._device}"):
            if self._resident is not None:
                self._move(self._resident, torch.device("cpu"))
                free_cached()
            self._resident = None  # a move that fails half-way is made again
            self._move(model, self._device)
            self._resident = model

    def _move(self, model: int, device: torch.device) -> None:
        forms = self._attack_models[model : model + 1]
        for module in {id(one): one for form in forms for one in (form.exact, form.module)}.values():
            module.to(device)
        self._judges[model].to(device)

    def _prepared(self, model: int, probe: NDArray[np.float32]) -> AttackModel:
        """The model's faster forms; compared on fewer images where the device has too little memory."""
        try:
            with self._named_errors(model, "a first look", len(probe)):
                images = torch.from_numpy(probe).to(self._device)
                return prepare_attack_model(self._judges[model], images, self._settings.precision)
        except OutOfMemory:
            if len(probe) == 1:
                raise
        return self._prepared(model, probe[: len(probe) // 2])

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, BatchOutcome]]:
        """Each task's verified outcome; lazily, so that one can be kept before the next is computed."""
        for task in tasks:
            started = time.perf_counter()
            outcome = self._halving(task)
            yield task, replace(outcome, seconds=time.perf_counter() - started)

    def _halving(self, task: BatchTask) -> BatchOutcome:
        """The batch's outcome, computed in halves where the device has too little memory for the whole.

        What was too large once is not tried again.
        """
        size, kind = len(task.positions), (task.model, task.name)
        if size > self._fitting.get(kind, size):
            return joined([self._halving(half) for half in task.halves()])
        try:
            self._move_in(task.model)
            with self._named_errors(task.model, task.name, size):
                return self._run_one(task)
        except OutOfMemory:
            if size == 1:
                raise
        free_cached()
        self._fitting[kind] = size - size // 2
        self._warn(
            f"a batch of {size} is too large for {self._device} ({self._names[task.model]}, {task.name}): it was "
            "halved, which changes no outcome"
        )
        return joined([self._halving(half) for half in task.halves()])

    def _run_one(self, task: BatchTask) -> BatchOutcome:
        judge, attack_model = self._judges[task.model], self._attack_models[task.model]
        worker = Worker(judge, attack_model, self._settings, self._device, self._on_forward)
        match task:
            case AttackTask():
                return run_attack(task, worker)
            case DistanceTask():
                return measure_distances(task, worker)
            case TransferTask():
                return judge_transferred(task, worker)
        raise TypeError(f"{type(task).__name__} is no task that this executor computes")

    def diagnose(
        self,
        model: int,
        positions: NDArray[np.int64],
        indices: NDArray[np.int64],
        images: NDArray[np.float32],
        labels: NDArray[np.int64],
    ) -> tuple[Finding, ...]:
        """Signs that the attacks could not work, on robust samples [b] at `positions` of the run.

        On fewer samples where the device has too little memory; each finding says on how many.
        """
        self._move_in(model)
        size = len(positions)
        try:
            with self._named_errors(model, "the checks", size):
                return diagnose(
                    self._judges[model],
                    self._attack_models[model].exact,
                    self._names[model],
                    torch.from_numpy(positions),
                    torch.from_numpy(images).to(self._device),
                    torch.from_numpy(labels).to(self._device),
                    self._settings.norm,
                    self._settings.eps.value,
                    Noise(self._settings.seed, "checks", indices),
                )
        except OutOfMemory:
            if size == 1:
                raise
        free_cached()
        half = slice(size // 2)
        return self.diagnose(model, positions[half], indices[half], images[half], labels[half])

    @torch.no_grad()
    def clean_logits(self, model: int, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits [b,C], float32, of clean images [b,C,H,W]; in parts where the device has too little memory."""
        self._move_in(model)

        def forward(part: NDArray[np.float32]) -> NDArray[np.float32]:
            with self._named_errors(model, "the clean pass", len(part)):
                logits: NDArray[np.float32] = self._judges[model](torch.from_numpy(part).to(self._device)).cpu().numpy()
                return logits

        return in_pieces(forward, images)

    @contextmanager
    def _named_errors(self, model: int, doing: str, size: int | None = None) -> Iterator[None]:
        """Turns what a model or an attack raises into an error that names model, stage and batch size."""
        batch = f", batch of {size} on {self._device}" if size else ""
        where = f"{self._names[model]}, {doing}{batch}"
        try:
            yield
        except (ThiniceError, KeyboardInterrupt):
            raise
        except BaseException as error:  # a model's code may raise anything, even SystemExit
            if is_out_of_memory(error):
                raise OutOfMemory(f"{where}: out of memory; what was computed before is kept", ADVICE) from error
            raise ModelError(
                f"{where}: failed ({reason(error)}); what was computed before is kept",
                "expected a model that is differentiable and takes any batch size; --debug shows where it failed",
            ) from error
