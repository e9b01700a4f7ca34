"""What an executor reports reaches progress, warnings and the pause."""

from pathlib import Path

from thinice_tui.engine.control.progress import ProgressTracker
from thinice_tui.engine.control.run_control import RunControl
from thinice_tui.engine.control.watch import Watch
from thinice_tui.protocol.ensembles import build_ensemble
from thinice_tui.protocol.progress import Heartbeat, SilentObserver, WorkerState
from thinice_tui.runfile.control import write_control


def test_tasks_in_flight_add_up_and_a_pause_is_told(tmp_path: Path) -> None:
    beats: list[Heartbeat] = []
    warnings: list[str] = []
    told: list[bool] = []
    stages = build_ensemble("quick", 10)
    tracker = ProgressTracker(["dense", "pruned"], stages, 10, SilentObserver(), beats.append)
    control = RunControl(path := tmp_path / "a.thinice", None, tracker)
    watch = Watch(tracker, control, warnings.append)

    def going_on(paused: bool) -> None:
        told.append(paused)
        if paused:
            write_control(path, "run")

    watch.on_pause(going_on)
    tasks = [object(), object()]
    forwards, _ = stages[0].passes(10)
    for model, task in enumerate(tasks):
        tracker.start_stage(model, 0, 16, 0, 16, 16)
        tracker.start_batch(id(task), model, 8)
        watch.forwarded(task, 8 * forwards // 2)
    watch.forwarded(object(), 100)
    assert (beats[-1].done, beats[-1].total) == (8, 32), "half of each batch; a task that is no batch is not counted"
    watch.report_workers([WorkerState("worker 1", "dense · PGD-20", 3.0)])
    write_control(path, "pause")
    control._polled = 0.0
    watch.poll()
    assert told == [True, False] and watch.paused > 0
    assert beats[-1].state == "paused" and [worker.name for worker in beats[-1].workers] == ["worker 1"]
    watch.warn("look out")
    assert warnings == ["look out"]
