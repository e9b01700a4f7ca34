"""What runs in each worker's process: the models on its device, and one task at a time."""

import os
import socket
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Generic

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.engine.cluster.image_store import ImageRows
from thinice_tui.engine.cluster.parcels import Parcel, opened
from thinice_tui.engine.worker.device import choose_device, describe
from thinice_tui.engine.worker.environment import prepare_process
from thinice_tui.engine.worker.executor import SearchForm
from thinice_tui.engine.worker.full_precision import full_precision
from thinice_tui.engine.worker.memory import OutOfMemory
from thinice_tui.engine.worker.model_host import ModelHost
from thinice_tui.engine.worker.tasks import Result, Task
from thinice_tui.errors import ThiniceError
from thinice_tui.protocol.settings import Settings
from thinice_tui.version import package_version


@dataclass(frozen=True)
class Setup:
    """What every worker needs: the models in the run's order, and how they are attacked."""

    names: tuple[str, ...]
    parcels: tuple[Parcel, ...]
    settings: Settings
    probe: NDArray[np.float32]
    threads: int


@dataclass(frozen=True)
class Ready:
    """A worker that can compute: where it is, and with what attacks search there."""

    host: str
    pid: int
    device: str
    version: str
    search_forms: tuple[SearchForm, ...]
    batch_size: int
    """The most images in a batch that fit there."""


@dataclass(frozen=True)
class Computed(Generic[Result]):
    """A task's result, or the error that ended it; seconds without pauses."""

    result: Result | None
    seconds: float
    warnings: tuple[str, ...]
    error: ThiniceError | None = None

    @property
    def out_of_memory(self) -> bool:
        """Whether not even one sample fitted on the device."""
        return isinstance(self.error, OutOfMemory)


@dataclass(frozen=True)
class Status:
    """How far the worker is: tasks that it has begun, and images of the last one that were passed forward."""

    tasks: int
    images: int


class ClusterWorker:
    """An actor: `compute` in one thread, all else in another."""

    def __init__(self, setup: Setup, device: str) -> None:
        self._setup, self._device = setup, device
        self._status = Status(0, 0)
        self._going = threading.Event()
        self._going.set()
        self._paused = 0.0
        self._warnings: list[str] = []
        self._computing = ExitStack()
        """Settings of torch, as long as the process lives."""
        self._host: ModelHost | None = None

    def prepare(self) -> Ready | ThiniceError:
        """Load the models and prepare their faster forms; what it is, or why it cannot."""
        setup = self._setup
        prepare_process()
        torch.set_num_threads(setup.threads)  # of this thread, in which all tasks are computed
        self._computing.enter_context(full_precision())
        try:
            device = choose_device(self._device, setup.settings.precision)
            models = opened(setup.parcels)
            self._host = ModelHost(setup.names, models, setup.settings, device, setup.probe, self._warnings.append)
        except ThiniceError as error:
            return error
        forms = tuple(SearchForm(form.precision, form.steps, form.refused) for form in self._host.attack_models)
        return Ready(
            socket.gethostname(), os.getpid(), describe(device), package_version(), forms, self._host.batch_size
        )

    def compute(self, task: Task[Result], images: ImageRows) -> Computed[Result]:
        """The task, whose images are where `images` says."""
        import ray

        assert self._host is not None
        began, paused = time.perf_counter(), self._paused
        self._status = Status(self._status.tasks + 1, 0)
        self._warnings.clear()
        result: Result | None = None
        failed: ThiniceError | None = None
        try:
            result = self._host.compute(replace(task, images=images.images(ray.get)), self._forwarded)
        except ThiniceError as error:
            failed = error
        seconds = time.perf_counter() - began - (self._paused - paused)
        return Computed(result, seconds, tuple(self._warnings), failed)

    def status(self) -> Status:
        """How far it is."""
        return self._status

    def pause(self, wanted: bool) -> None:
        """Wait at the next forward pass, until told otherwise."""
        self._going.clear() if wanted else self._going.set()

    def _forwarded(self, images: int) -> None:
        self._status = Status(self._status.tasks, images)
        began = time.perf_counter()
        self._going.wait()
        self._paused += time.perf_counter() - began
