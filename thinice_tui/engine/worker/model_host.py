"""The models on one device: it computes tasks, one at a time, whichever process and machine it is in."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.engine.worker.attack_model import AttackModel, prepare_attack_model
from thinice_tui.engine.worker.batch_fit import fitting_batch_size
from thinice_tui.engine.worker.memory import ADVICE, OutOfMemory, free_cached, is_out_of_memory
from thinice_tui.engine.worker.tasks import Result, Task, Worker
from thinice_tui.errors import ModelError, ThiniceError, reason
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.settings import Settings


class ModelHost:
    """Holds the models, of which one at a time is on the device. Models are numbered in the run's order."""

    def __init__(
        self,
        names: Sequence[str],
        models: Sequence[Classifier],
        settings: Settings,
        device: torch.device,
        probe: NDArray[np.float32],
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Prepares each model's faster forms, which must agree with the model on `probe`, clean images [b,C,H,W].

        `warn` is called when a task is too large for the device.
        """
        self._names, self._settings, self._device = names, settings, device
        self._judges = list(models)
        self._warn = warn
        self._resident: int | None = None
        self._attack_models = list[AttackModel]()
        self._fitting = dict[tuple[int, str], int]()
        """How many images fit, by model and task, where one was too large."""
        sizes = []
        for number in range(len(self._judges)):
            self._move_in(number)
            self._attack_models.append(self._prepared(number, probe))
            sizes.append(settings.batch_size or self._measured(number, probe))
        self.batch_size = min(sizes)
        """The most images in a batch: the settings' size, else the one that fits every model."""

    @property
    def attack_models(self) -> Sequence[AttackModel]:
        """The forms that attacks search with, by model."""
        return self._attack_models

    def compute(self, task: Task[Result], on_forward: Callable[[int], None]) -> Result:
        """The task's result, computed in smaller parts where the device has too little memory for the whole.

        on_forward: called after every forward pass with the task's images that were passed forward so far; it may
        raise to stop. Raises ModelError with the model's name where the model fails; OutOfMemory where not even one
        sample fits. What was too large once is not tried again.
        """
        size, kind = len(task.positions), (task.model, task.name)
        if size > self._fitting.get(kind, size):
            return task.joined([self.compute(part, on_forward) for part in task.smaller()])
        try:
            self._move_in(task.model)
            with self._named_errors(task.model, task.name, size):
                number = task.model
                judge, attack_model = self._judges[number], self._attack_models[number]
                return task.compute(
                    Worker(self._names[number], judge, attack_model, self._settings, self._device, on_forward)
                )
        except OutOfMemory:
            if size == 1:
                raise
        free_cached()
        self._fitting[kind] = size - size // 2
        self._warn(
            f"a batch of {size} is too large for {self._device} ({self._names[task.model]}, {task.name}): it was "
            f"{task.when_halved}"
        )
        return task.joined([self.compute(part, on_forward) for part in task.smaller()])

    def _measured(self, model: int, probe: NDArray[np.float32]) -> int:
        with self._named_errors(model, "measuring its memory", 1):
            return fitting_batch_size(self._attack_models[model], probe, self._device)

    def _move_in(self, model: int) -> None:
        """Move the model and its faster forms to the device, and the one that was there before back to the CPU."""
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
