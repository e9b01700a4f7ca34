"""Which batch is computed next: the models' phases, each model at its own pace."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from thinice_tui.engine.phases.batch_phase import BatchPhase, ModelProgress
from thinice_tui.engine.phases.context import RunContext
from thinice_tui.engine.worker.executor import Done, not_all_computed
from thinice_tui.engine.worker.tasks import BatchTask
from thinice_tui.protocol.durations import duration
from thinice_tui.runfile.records import BatchOutcome

Key = tuple[float, int, int, int]


@dataclass(frozen=True)
class _Computed:
    """A batch whose outcome was handed to the writer; seconds: worked on it."""

    progress: ModelProgress
    task: BatchTask
    broken: int
    seconds: float


class Schedule:
    """Computes all phases of all models. A model begins a phase when it is done with the one before.

    Where one batch is computed at a time, the models take turns at each phase, so that flips are known from the first
    batches on. Where there are several, the next batch is of the model with the most work left: at the end no place
    waits for a model that was kept back.
    """

    def __init__(self, run: RunContext, phases: Sequence[BatchPhase[Any]]) -> None:
        self._run, self._phases = run, phases
        self._at: dict[int, ModelProgress | None] = {}
        """Each model's phase; None: all are done."""
        self._in_flight: dict[int, ModelProgress] = {}
        """The phase of each batch that is being computed, by its task's id."""
        self._unwritten: deque[_Computed] = deque()
        """Batches that are computed and not known to be in the run file, in the order in which they were added."""
        self._written_before = run.writer.batches_written
        self._told_time: set[int] = set()
        self._kept = False

    def compute(self) -> None:
        """Compute what is missing of every phase; raises Interrupted where a view or the time limit asks to end."""
        run = self._run
        for done in run.executor.run(self._next_task):
            self._keep(done)
        self._count_written(wait=True)
        run.run_control.end_if_asked(self._kept)
        self._begin_ready()
        if left := [run.names[model] for model, progress in self._at.items() if progress is not None]:
            raise not_all_computed(", ".join(left))

    def _next_task(self) -> BatchTask | None:
        """The next batch; None: none is ready, or the run is to end."""
        run = self._run
        if run.run_control.is_ending(self._kept):
            return None
        self._count_written()
        ready = self._ready()
        if self._unwritten and not any(self._is_due(progress) for progress in ready):
            self._count_written(wait=True)
            ready = self._ready()
        if not ready:
            return None
        progress = min(ready, key=self._urgency)
        first = next(iter(progress.waiting))
        positions = progress.waiting.pop(first)
        task: BatchTask = self._phases[progress.ordinal].task(progress.model, first, positions)
        progress.begun += 1
        progress.handed_out += 1
        self._in_flight[id(task)] = progress
        run.progress.start_batch(id(task), progress.model, len(positions))
        if following := min((other for other in ready if other.waiting), key=self._urgency, default=None):
            run.samples.read_ahead(next(iter(following.waiting.values())))
        return task

    def _ready(self) -> list[ModelProgress]:
        """The models' phases that have batches to hand out."""
        self._begin_ready()
        return [progress for progress in self._at.values() if progress and progress.waiting]

    def _is_due(self, progress: ModelProgress) -> bool:
        """Whether its next batch can begin before all that was computed is in the run file, where phases end.

        Where one batch is computed at a time, the models begin a phase in their order, however fast the writer is.
        """
        return self._run.executor.places > 1 or progress.ordinal <= self._unwritten[0].progress.ordinal

    def _urgency(self, progress: ModelProgress) -> Key:
        """The smallest is next."""
        turn = progress.ordinal, progress.handed_out, progress.model
        if self._run.executor.places == 1:
            return (0.0, *turn)
        return (-self._run.progress.work_left(progress.model), *turn)

    def _begin_ready(self) -> None:
        """Begin what can begin; a phase of which nothing is left is finished at once."""
        for model in self._run.outcomes.models:
            if model not in self._at:
                self._enter(model, 0)
        waiting = True
        while waiting:
            waiting = False
            for model, progress in list(self._at.items()):
                if progress is None or not progress.finished:
                    continue
                following = progress.ordinal + 1
                if (
                    following < len(self._phases)
                    and self._phases[following].waits_for_all
                    and not self._all_at(following)
                ):
                    continue
                self._enter(model, following)
                waiting = True

    def _all_at(self, ordinal: int) -> bool:
        """Whether every model is done with all phases before that one."""
        return all(
            progress is None or progress.ordinal >= ordinal or (progress.ordinal == ordinal - 1 and progress.finished)
            for progress in self._at.values()
        )

    def _enter(self, model: int, ordinal: int) -> None:
        if ordinal == len(self._phases):
            self._at[model] = None
            return
        phase = self._phases[ordinal]
        progress = self._at[model] = phase.begin(model)
        if progress.finished:
            phase.finish(progress)

    def _keep(self, done: Done[BatchOutcome]) -> None:
        run, task = self._run, done.task
        assert isinstance(task, BatchTask)
        progress = self._in_flight.pop(id(task))
        phase = self._phases[progress.ordinal]
        phase.keep(task, replace(done.result, seconds=done.seconds))
        self._kept = True
        progress.begun -= 1
        progress.unwritten += 1
        run.progress.batch_computed(id(task), done.result.forwards)
        self._unwritten.append(_Computed(progress, task, int(done.result.broken.sum()), done.seconds))

    def _count_written(self, wait: bool = False) -> None:
        """Count the batches that are in the run file by now as done; wait: until all are."""
        run = self._run
        if wait:
            run.writer.drain()
        written = run.writer.batches_written
        for _ in range(written - self._written_before):
            batch = self._unwritten.popleft()
            progress = batch.progress
            progress.unwritten -= 1
            progress.seconds += batch.seconds
            run.progress.batch_written(id(batch.task), batch.broken)
            if progress.finished:
                self._phases[progress.ordinal].finish(progress)
            self._tell_time(progress.ordinal)
        self._written_before = written

    def _tell_time(self, ordinal: int) -> None:
        """Note once a stage how long the run can take, when its first batch has shown how fast it goes."""
        progress = self._run.progress
        if ordinal in self._told_time or progress.seconds_left is None:
            return
        self._told_time.add(ordinal)
        expected = progress.seconds_expected
        about = "" if expected is None else f"about {duration(expected)} more, "
        self._run.observer.note(f"{about}at most {duration(progress.seconds_left)}, as if nothing else broke")
