"""Computes tasks in many processes, on this machine or on many, through Ray."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from thinice_tui.data.samples import Samples
from thinice_tui.engine.cluster.image_store import ImageStore
from thinice_tui.engine.cluster.place import Place
from thinice_tui.engine.cluster.ray_cluster import RayCluster
from thinice_tui.engine.cluster.worker import ClusterWorker, Computed, Ready, Setup
from thinice_tui.engine.control.watch import Watch
from thinice_tui.engine.worker.environment import process_variables
from thinice_tui.engine.worker.executor import Done, SearchForm
from thinice_tui.engine.worker.memory import ADVICE
from thinice_tui.engine.worker.tasks import Result, Task
from thinice_tui.errors import ModelError, ThiniceError, WorkerError, reason
from thinice_tui.version import package_version

POLL_SECONDS = 0.1
LOSSES = 5
"""How many workers a task may take with it: then it is its fault."""
PATIENCE = 120.0
"""Seconds to wait for a worker's process while there is none; loading models takes what it takes."""
OTHERS_SECONDS = 60.0
"""How long the first worker that is ready waits for the others, before the first task."""
AGAIN = "repeat the command: it goes on from there"


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
        self._shared = self._ray.put(setup)
        self._places = [Place(number, *device) for number, device in enumerate(devices)]
        self._losses: Counter[int] = Counter()
        """How many workers were lost with each task that is not computed yet, by its id."""
        self._alone_since: float | None = None
        """Since when there is no worker's process."""
        watch.on_pause(self._pause)
        for place in self._places:
            self._start(place)
        ready = self._all_ready()
        self.search_forms: Sequence[SearchForm] = ready[0].search_forms
        self.batch_size = min(one.batch_size for one in ready)
        kinds = Counter(one.device for one in ready)
        self.where = ", ".join(
            f"{count} workers, each on {device}" if count > 1 else f"a worker on {device}"
            for device, count in kinds.items()
        )

    @property
    def places(self) -> int:
        """How many workers there are, those that are starting again included."""
        return len(self._places)

    def run(self, next_task: Callable[[], Task[Result] | None]) -> Iterator[Done[Result]]:
        """Each task's result as soon as it is known. Raises ThiniceError where a model fails, or no worker is left."""
        returned: deque[Task[Result]] = deque()
        while True:
            if self._watch.is_stopping:
                returned.clear()
            for place in [place for place in self._places if place.idle]:
                task = returned.popleft() if returned else next_task()
                if task is None:
                    break
                self._begin(place, task)
            if not returned and not any(place.computing for place in self._places):
                return
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
                    self._losses.pop(id(task), None)
                    yield Done(task, computed.result, computed.seconds)  # type: ignore[arg-type]
            self._report()
            self._check_alive()

    def close(self) -> None:
        """End all workers."""
        self._cluster.close()

    # starting

    def _start(self, place: Place) -> None:
        threads = str(self._setup.threads)
        environment = {**process_variables(), "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        place.started(self._cluster.start(ClusterWorker, place.gpus, environment, self._shared, place.device))

    def _all_ready(self) -> list[Ready]:
        """What the workers are, in their order; raises what the models or the machines say where there is none.

        All begin at the same time, so that batches fit on each: one that takes much longer joins later.
        """
        since: float | None = None
        while True:
            for place in self._settled():
                self._welcome(place)
            ready = [place.ready for place in self._places if place.ready is not None]
            since = since or (self._now if ready else None)
            if since is not None and (
                not any(place.preparing for place in self._places) or self._now - since > OTHERS_SECONDS
            ):
                return ready
            self._report()
            self._check_alive()
            self._watch.end_if_stopped()

    def _settled(self) -> list[Place]:
        """A worker that has just got ready, or computed its task, or been lost; waits a moment for one."""
        waiting = {place.computing or place.preparing: place for place in self._places}
        waiting.pop(None, None)
        if not waiting:
            time.sleep(POLL_SECONDS)
            return []
        ready, _ = self._ray.wait(list(waiting), num_returns=1, timeout=POLL_SECONDS)
        return [waiting[reference] for reference in ready]

    def _welcome(self, place: Place) -> None:
        """Take up a worker that is ready; one that cannot be is used no more, and the error of the last is raised."""
        reference, place.preparing = place.preparing, None
        try:
            answer: Ready | ThiniceError = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            answer = WorkerError(
                f"{place.label}: fails ({reason(error.cause)})", "install the same packages on all machines"
            )
        except self._ray.exceptions.RayError as error:
            self._lost(place, f"it did not start ({reason(error)})")
            return
        if isinstance(answer, Ready) and answer.version != package_version():
            answer = WorkerError(
                f"{answer.host}: has thinice-tui {answer.version}, and this machine {package_version()}",
                "install the same version on all machines",
            )
        if isinstance(answer, Ready):
            place.ready = answer
            self._tell_other_forms(place, answer)
        elif all(other.gone for other in self._places):
            raise answer
        else:
            self._retire(place, answer.what)

    def _tell_other_forms(self, place: Place, ready: Ready) -> None:
        """Warn of a worker whose attacks search with another precision than the first one's, which reports name."""
        first = next(other.ready for other in self._places if other.ready is not None)
        for name, usual, own in zip(self._setup.names, first.search_forms, ready.search_forms, strict=True):
            if own.precision != usual.precision:
                self._watch.warn(
                    f"{place.label}: searches {name} in {own.precision} and others in {usual.precision}, so a sample's "
                    "outcome can depend on the worker that attacks it"
                )

    # computing

    def _begin(self, place: Place, task: Task[Any]) -> None:
        rows = self._images.rows(task.positions)
        empty = np.empty((0, *task.images.shape[1:]), np.float32)
        sent = place.actor.compute.options(concurrency_group="compute").remote(replace(task, images=empty), rows)
        place.begun(task, sent)

    def _result(self, place: Place) -> Computed[Any] | None:
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
            self._losses[id(task)] += place.has_begun  # else it was lost before the task reached it
            if self._losses[id(task)] == LOSSES:
                raise WorkerError(
                    f"{where}: {LOSSES} workers were lost with one batch of {len(task.positions)}; what was computed "
                    "before is kept",
                    "the machines may have too little memory: " + ADVICE + ", or give a smaller --batch-size",
                ) from error
            self._lost(place, f"its batch of {len(task.positions)} ({where}) runs elsewhere")
            return None
        for warning in computed.warnings:
            self._watch.warn(f"{place.label}: {warning}")
        if computed.out_of_memory and any(other.ready for other in self._places if other is not place):
            assert computed.error is not None
            self._retire(place, computed.error.what)
            return None
        if computed.error is not None:
            raise computed.error
        return computed

    # losing

    def _lost(self, place: Place, consequence: str) -> None:
        """A worker has ended without being asked to: start another in its place, a few times."""
        place.losses += 1
        times = f" ({place.losses} times so far)" if place.losses > 1 else ""
        self._watch.warn(f"{place.label} was lost{times}: {consequence}")
        self._cluster.stop(place.actor)
        place.ended()
        if place.can_start_again:
            self._start(place)

    def _retire(self, place: Place, why: str) -> None:
        self._watch.warn(f"{place.label} is not used any more: {why}")
        self._cluster.stop(place.actor)
        place.ended()

    def _check_alive(self) -> None:
        """Raise WorkerError where no worker will compute any more."""
        if any(place.ready or place.is_alive for place in self._places):
            self._alone_since = None
            return
        self._alone_since = self._alone_since or self._now
        if all(place.gone for place in self._places) or self._now - self._alone_since > PATIENCE:
            raise WorkerError(
                f"no worker is left of {len(self._places)}; what was computed before is kept",
                f"see whether the machines have memory, and {AGAIN}",
            )

    @property
    def _now(self) -> float:
        """Seconds, without pauses."""
        return time.monotonic() - self._watch.paused

    # what views see

    def _report(self) -> None:
        """Pass on how far the workers are, and wait while a view asks for a pause."""
        for place in self._places:
            if place.ready is None and place.preparing is None:
                continue
            if place.asked is not None and self._ray.wait([place.asked], timeout=0)[0]:
                try:
                    place.answered(self._ray.get(place.asked))
                except self._ray.exceptions.RayError:
                    continue  # what is prepared or computed says what happened
                if place.has_begun:
                    self._watch.forwarded(place.task, place.images)
            if place.asked is None:
                place.asked = place.actor.status.options(concurrency_group="control").remote()
        self._watch.report_workers([place.state(self._setup.names) for place in self._places])
        self._watch.poll()

    def _pause(self, wanted: bool) -> None:
        for place in self._places:
            if place.ready is not None:
                place.actor.pause.options(concurrency_group="control").remote(wanted)
