"""Computes tasks in many processes, on this machine or on many, through Ray."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thinice_tui.data.samples import Samples
from thinice_tui.engine.cluster.image_store import ImageStore
from thinice_tui.engine.cluster.ray_cluster import RayCluster
from thinice_tui.engine.cluster.worker import ClusterWorker, Computed, Ready, Setup
from thinice_tui.engine.control.watch import Watch
from thinice_tui.engine.worker.executor import Done, SearchForm
from thinice_tui.engine.worker.memory import ADVICE
from thinice_tui.engine.worker.tasks import Result, Task
from thinice_tui.errors import ModelError, ThiniceError, WorkerError, reason
from thinice_tui.protocol.progress import WorkerState
from thinice_tui.version import package_version

POLL_SECONDS = 0.1
STARTS = 3
"""How often a worker is started again without computing anything."""
LOSSES = 5
"""How many workers a task may take with it: then it is its fault."""
PATIENCE = 120.0
"""Seconds to wait for a worker to get ready while none is."""
AGAIN = "repeat the command: it goes on from there"


@dataclass(eq=False)
class _Place:
    """One worker, and the one that takes its place where it is lost."""

    number: int
    device: str
    gpus: int
    actor: Any = None
    ready: Ready | None = None
    preparing: Any = None
    """A reference, while it loads the models."""
    computing: Any = None
    """A reference, while it computes `task`."""
    task: Task[Any] | None = None
    asked: Any = None
    """A reference to its last answer about how far it is."""
    images: int = 0
    began: float = 0.0
    starts: int = 0

    @property
    def idle(self) -> bool:
        return self.ready is not None and self.computing is None

    @property
    def gone(self) -> bool:
        return self.ready is None and self.preparing is None


class RayExecutor:
    """Keeps every worker busy with one task; a task whose worker is lost is computed by another one.

    Nothing but results comes back: this process alone writes the run file.
    """

    def __init__(
        self, cluster: RayCluster, setup: Setup, devices: Sequence[tuple[str, int]], samples: Samples, watch: Watch
    ) -> None:
        """devices: of each worker, the device and how many of Ray's GPUs it takes. Raises ThiniceError where no worker
        can be used."""
        self._cluster, self._ray, self._watch, self._setup = cluster, cluster.ray, watch, setup
        self._images = ImageStore(samples, self._ray.put)
        self._shared = {device: self._ray.put(replace(setup, device=device)) for device, _ in devices}
        self._places = [_Place(number, *device) for number, device in enumerate(devices)]
        self._losses: Counter[int] = Counter()
        """How often a worker was lost with each task, by the task's id."""
        watch.on_pause(self._pause)
        for place in self._places:
            self._start(place)
        first = self._first_ready()
        self.search_forms: Sequence[SearchForm] = first.search_forms
        self.batch_size = first.batch_size
        self.where = (
            f"{len(devices)} workers, each on {first.device}" if len(devices) > 1 else f"a worker on {first.device}"
        )

    @property
    def places(self) -> int:
        """How many workers there are, those that are starting again included."""
        return len(self._places)

    def run(self, next_task: Callable[[], Task[Result] | None]) -> Iterator[Done[Result]]:
        """Each task's result as soon as it is known. Raises ThiniceError where a model fails, or no worker is left."""
        returned: deque[Task[Result]] = deque()
        alone_since: float | None = None
        while True:
            for place in [place for place in self._places if place.idle]:
                task = returned.popleft() if returned else next_task()
                if task is None:
                    break
                self._begin(place, task)
            if not returned and not any(place.computing for place in self._places):
                return
            alone_since = self._check_alive(alone_since)
            for place in self._settled():
                if place.computing is None:
                    self._welcome(place)
                    continue
                assert place.task is not None
                task, computed = place.task, self._result(place)
                place.task = place.computing = None
                if computed is None:
                    returned.append(task)
                else:
                    place.starts = 1
                    yield Done(task, computed.result, computed.seconds)  # type: ignore[arg-type]
            self._report()

    def close(self) -> None:
        """End all workers."""
        self._cluster.close()

    def _start(self, place: _Place) -> None:
        threads = str(self._setup.threads)
        environment = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        place.actor = self._cluster.start(ClusterWorker, place.gpus, environment, self._shared[place.device])
        place.ready, place.asked = None, None
        place.preparing = place.actor.prepare.options(concurrency_group="compute").remote()
        place.starts += 1

    def _first_ready(self) -> Ready:
        """Wait until a worker is ready; raises what the models or the machines say where none will be."""
        since: float | None = time.monotonic()
        while not any(place.ready for place in self._places):
            for place in self._settled():
                self._welcome(place)
            since = self._check_alive(since)
            self._watch.poll()
        return next(place.ready for place in self._places if place.ready)

    def _settled(self) -> list[_Place]:
        """The workers that have just got ready, or computed their task, or been lost; waits a moment for one."""
        waiting = {place.computing or place.preparing: place for place in self._places}
        waiting.pop(None, None)
        if not waiting:
            time.sleep(POLL_SECONDS)
            return []
        ready, _ = self._ray.wait(list(waiting), num_returns=len(waiting), timeout=POLL_SECONDS)
        return [waiting[reference] for reference in ready]

    def _welcome(self, place: _Place) -> None:
        """Take up a worker that is ready, or has failed to get ready."""
        reference, place.preparing = place.preparing, None
        try:
            answer: Ready | ThiniceError = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            self._lost(place, f"it did not start ({reason(error)})")
            return
        if isinstance(answer, ThiniceError):
            raise answer
        if answer.version != package_version():
            raise WorkerError(
                f"{answer.host}: has thinice-tui {answer.version}, and this machine {package_version()}",
                "install the same version on all machines",
            )
        place.ready = answer

    def _begin(self, place: _Place, task: Task[Any]) -> None:
        rows = self._images.rows(task.positions)
        empty = np.empty((0, *task.images.shape[1:]), np.float32)
        place.task, place.images, place.began = task, 0, time.monotonic()
        place.computing = place.actor.compute.options(concurrency_group="compute").remote(
            replace(task, images=empty), rows
        )

    def _result(self, place: _Place) -> Computed[Any] | None:
        """What the worker computed; None: it is lost, or has too little memory, and another one must compute it."""
        task = place.task
        assert task is not None
        where = f"{self._setup.names[task.model]}, {task.name}"
        try:
            computed: Computed[Any] = self._ray.get(place.computing)
        except self._ray.exceptions.RayTaskError as error:
            raise ModelError(
                f"{where}: failed ({reason(error.cause)}); what was computed before is kept", AGAIN
            ) from error
        except self._ray.exceptions.RayError as error:
            self._losses[id(task)] += 1
            if self._losses[id(task)] == LOSSES:
                raise WorkerError(
                    f"{where}: {LOSSES} workers were lost with one batch of {len(task.positions)}; what was computed "
                    "before is kept",
                    "the machines may have too little memory: " + ADVICE + ", or give a smaller --batch-size",
                ) from error
            self._lost(place, f"its batch of {len(task.positions)} ({where}) runs elsewhere")
            return None
        for warning in computed.warnings:
            self._watch.warn(f"{self._label(place)}: {warning}")
        if computed.out_of_memory and any(other.ready for other in self._places if other is not place):
            assert computed.error is not None
            self._watch.warn(f"{self._label(place)} is not used any more: {computed.error.what}")
            self._cluster.stop(place.actor)
            place.ready = None
            return None
        if computed.error is not None:
            raise computed.error
        return computed

    def _lost(self, place: _Place, consequence: str) -> None:
        """A worker has ended without being asked to: start another in its place, a few times."""
        self._watch.warn(f"{self._label(place)} was lost: {consequence}")
        self._cluster.stop(place.actor)
        place.ready = None
        if place.starts <= STARTS:
            self._start(place)

    def _check_alive(self, alone_since: float | None) -> float | None:
        """Since when no worker can compute; raises where none will."""
        if any(place.ready for place in self._places):
            return None
        alone_since = alone_since or time.monotonic()
        if all(place.gone for place in self._places) or time.monotonic() - alone_since > PATIENCE:
            raise WorkerError(
                f"no worker is left of {len(self._places)}; what was computed before is kept",
                f"see whether the machines have memory, and {AGAIN}",
            )
        return alone_since

    def _report(self) -> None:
        """Pass on how far the workers are, and wait while a view asks for a pause."""
        for place in self._places:
            if place.computing is None:
                continue
            if place.asked is not None and self._ray.wait([place.asked], timeout=0)[0]:
                try:
                    place.images = self._ray.get(place.asked).images
                except self._ray.exceptions.RayError:
                    continue  # the task's own reference says what happened
                place.asked = None
                self._watch.forwarded(place.task, place.images)
            if place.asked is None:
                place.asked = place.actor.status.options(concurrency_group="control").remote()
        self._watch.report_workers([self._state(place) for place in self._places])
        self._watch.poll()

    def _state(self, place: _Place) -> WorkerState:
        task, spent = place.task, time.monotonic() - place.began
        doing = "starting" if place.preparing else "lost" if place.gone else "waiting"
        if task is not None:
            doing = f"{self._setup.names[task.model]} · {task.name}"
        return WorkerState(self._label(place), doing, place.images / spent if task is not None and spent > 0 else 0.0)

    def _label(self, place: _Place) -> str:
        where = place.ready.device if place.ready else place.device
        host = f", {place.ready.host}" if place.ready else ""
        return f"worker {place.number + 1} ({where}{host})"

    def _pause(self, wanted: bool) -> None:
        for place in self._places:
            if place.ready is not None:
                place.actor.pause.options(concurrency_group="control").remote(wanted)
