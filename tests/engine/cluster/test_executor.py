"""Which worker computes what: workers that are lost, that have too little memory, or that do not fit."""

import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray
import torch

from tests.engine.cluster.fake_ray import FakeCluster, Fate, lost
from tests.engine_runs import StopAfter, assert_same_outcomes, request, run_it
from tests.linear_models import Files
from thinice_tui.engine.cluster import build, worker
from thinice_tui.engine.cluster import executor as executors
from thinice_tui.engine.cluster.executor import LOSSES, RayExecutor
from thinice_tui.engine.cluster.place import STARTS, Place
from thinice_tui.engine.cluster.worker import ClusterWorker, Ready
from thinice_tui.errors import CheckpointError, Interrupted, ModelError, WorkerError
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.worker_options import WorkerOptions
from thinice_tui.runfile.control import write_control
from thinice_tui.runfile.reader import read_run


def wanted(files: Files, path: Path, workers: int = 2) -> Request:
    return request(files, path, worker_options=WorkerOptions(workers=workers))


@dataclass
class Clusters:
    """The fake clusters of the runs of a test, and what their workers suffer."""

    fate: Fate = lambda *_: None
    made: list[FakeCluster] = field(default_factory=list)


@pytest.fixture
def clusters(monkeypatch: pytest.MonkeyPatch) -> Clusters:
    found = Clusters()

    def cluster(address: str | None, workers: int) -> FakeCluster:
        assert address is None and workers > 0
        found.made.append(FakeCluster(found.fate))
        monkeypatch.setattr(ray, "get", found.made[-1].ray.get)
        return found.made[-1]

    monkeypatch.setattr(build, "RayCluster", cluster)
    return found


def test_outcomes_are_those_of_one_process(files: Files, tmp_path: Path, clusters: Clusters) -> None:
    alone = run_it(request(files, tmp_path / "a.thinice"))
    many = run_it(wanted(files, tmp_path / "b.thinice", 3))
    assert_same_outcomes(many, alone)
    assert (clusters.made[0].started, clusters.made[0].closed) == (3, True)
    assert many.info.device.startswith("3 workers, each on cpu")
    assert many.findings == alone.findings
    assert many.info.warnings == alone.info.warnings


def test_a_lost_workers_batch_is_computed_by_another_and_told(files: Files, tmp_path: Path, clusters: Clusters) -> None:
    calls = iter(range(10_000))
    clusters.fate = lambda name, _: lost() if name == "compute" and next(calls) in (2, 9, 10) else None
    observer = StopAfter()
    many = run_it(wanted(files, tmp_path / "b.thinice"), observer)
    assert_same_outcomes(many, run_it(request(files, tmp_path / "a.thinice")))
    told = [warning for warning in observer.warnings if "was lost: its batch of" in warning]
    assert told and all("runs elsewhere" in warning for warning in told)
    assert clusters.made[0].started == 2 + 3, "another one is started in its place"
    for model in many.models:
        assert [stage.attacked for stage in model.stages] == [stage.entered for stage in model.stages], "nothing twice"


def test_where_all_workers_are_gone_the_run_ends_and_can_be_resumed(
    files: Files, tmp_path: Path, clusters: Clusters
) -> None:
    kept, calls = tmp_path / "b.thinice", iter(range(10_000))

    def fate(name: str, _: int) -> BaseException | None:
        late = name == "compute" and next(calls) > 30
        return lost() if late or (name == "prepare" and next(calls) > 30) else None

    clusters.fate = fate
    with pytest.raises(WorkerError, match=r"no worker is left of 2") as caught:
        run_it(wanted(files, kept))
    assert "goes on from there" in caught.value.do
    assert clusters.made[0].closed and any(stage.batches for model in read_run(kept).models for stage in model.stages)
    clusters.fate = lambda *_: None
    assert_same_outcomes(run_it(wanted(files, kept)), run_it(request(files, tmp_path / "a.thinice")))


def test_a_worker_that_never_starts_is_given_up(files: Files, tmp_path: Path, clusters: Clusters) -> None:
    clusters.fate = lambda name, _: lost() if name == "prepare" else None
    with pytest.raises(WorkerError, match="no worker is left of 2"):
        run_it(wanted(files, tmp_path / "b.thinice"))
    assert clusters.made[0].started == 2 * (1 + STARTS)


def test_a_batch_that_takes_many_workers_with_it_is_named(
    files: Files, tmp_path: Path, clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every worker has said that it has begun with it; other batches are computed meanwhile."""
    monkeypatch.setattr(Place, "has_begun", property(lambda _: True, lambda *_: None))
    compute = worker.ClusterWorker.compute

    def deadly(self: worker.ClusterWorker, task: Any, images: Any) -> Any:
        if 9 in task.positions:
            raise lost()
        return compute(self, task, images)

    monkeypatch.setattr(worker.ClusterWorker, "compute", deadly)
    with pytest.raises(WorkerError, match=f"{LOSSES} workers were lost with one batch"):
        run_it(wanted(files, tmp_path / "b.thinice", 4))
    assert clusters.made[0].started == 4 + LOSSES - 1


def test_losses_of_different_batches_are_no_batchs_fault(
    files: Files, tmp_path: Path, clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many more than one batch may have, over a long run."""
    monkeypatch.setattr(Place, "has_begun", property(lambda _: True, lambda *_: None))
    calls = iter(range(10_000))
    clusters.fate = lambda name, _: lost() if name == "compute" and next(calls) % 3 == 2 else None
    observer = StopAfter()
    many = run_it(wanted(files, tmp_path / "b.thinice", 3), observer)
    assert_same_outcomes(many, run_it(request(files, tmp_path / "a.thinice")))
    told = [warning for warning in observer.warnings if "was lost" in warning]
    assert len(told) == clusters.made[0].started - 3 > 2 * LOSSES, "each is told"
    assert any("times so far" in warning for warning in told)


def test_a_worker_that_was_lost_while_it_waited_is_not_the_batchs_fault(
    files: Files, tmp_path: Path, clusters: Clusters
) -> None:
    """A machine with many workers goes, and one batch is offered to each of them."""
    clusters.fate = lambda name, number: lost() if name == "compute" and number < 2 * LOSSES else None
    many = run_it(wanted(files, tmp_path / "b.thinice", 2 * LOSSES))
    assert_same_outcomes(many, run_it(request(files, tmp_path / "a.thinice")))


def test_a_worker_that_cannot_begin_is_left_out(
    files: Files, tmp_path: Path, clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, made = worker.ClusterWorker.prepare, list[worker.ClusterWorker]()

    def prepared(self: worker.ClusterWorker) -> Any:
        made.append(self)
        return CheckpointError("dense.pt: cannot be read", "put it there") if len(made) == 2 else prepare(self)

    monkeypatch.setattr(worker.ClusterWorker, "prepare", prepared)
    observer = StopAfter()
    many = run_it(wanted(files, tmp_path / "b.thinice", 3), observer)
    assert_same_outcomes(many, run_it(request(files, tmp_path / "a.thinice")))
    assert any("worker 2 (cpu) is not used any more: dense.pt: cannot be read" in one for one in observer.warnings)
    assert many.info.device.startswith("2 workers") and clusters.made[0].started == 3, "none is started in its place"


def test_loading_may_take_long(
    files: Files, tmp_path: Path, clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that has answered is there, however long it prepares models."""
    settled, rounds = RayExecutor._settled, iter(range(10_000))
    monkeypatch.setattr(RayExecutor, "_settled", lambda self: _nobody(self) if next(rounds) < 10 else settled(self))
    monkeypatch.setattr(executors, "PATIENCE", 0.2)
    assert run_it(wanted(files, tmp_path / "b.thinice")).complete and clusters.made[0].started == 2


def test_a_process_that_never_comes_is_not_waited_for_for_ever(
    files: Files, tmp_path: Path, clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "PATIENCE", 0.3)
    monkeypatch.setattr(RayExecutor, "_settled", _nobody)
    clusters.fate = lambda name, _: lost() if name == "status" else None
    with pytest.raises(WorkerError, match="no worker is left of 2"):
        run_it(wanted(files, tmp_path / "b.thinice"))


def test_a_worker_with_too_little_memory_is_not_used_any_more(
    files: Files, tmp_path: Path, clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = worker.ClusterWorker.compute
    used: list[int] = []

    def compute(self: worker.ClusterWorker, *arguments: Any) -> Any:
        if not used:
            used.append(id(self))
        if id(self) == used[0]:
            with monkeypatch.context() as patch:
                patch.setattr("thinice_tui.engine.worker.clean.CleanTask.compute", _no_memory)
                return small(self, *arguments)
        return small(self, *arguments)

    monkeypatch.setattr(worker.ClusterWorker, "compute", compute)
    observer = StopAfter()
    assert run_it(wanted(files, tmp_path / "b.thinice"), observer).complete
    assert any("is not used any more: dense, the clean pass, batch of 1" in warning for warning in observer.warnings)
    assert (clusters.made[0].started, len(clusters.made[0].ended)) == (2, 1), "none is started in its place"


def _nobody(_: RayExecutor) -> list[Place]:
    """No worker has got ready."""
    time.sleep(0.05)
    return []


def _no_memory(*_: object) -> None:
    raise torch.OutOfMemoryError("CUDA out of memory")


def test_a_models_own_error_ends_the_run_with_its_name(
    files: Files, tmp_path: Path, clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no such luck")

    monkeypatch.setattr("thinice_tui.engine.worker.attack.attack_batch", fail)
    with pytest.raises(ModelError, match=r"PGD-20, batch of 8 on cpu: failed .ValueError: no such luck"):
        run_it(wanted(files, tmp_path / "b.thinice"))
    assert clusters.made[0].closed


def test_another_version_on_a_machine_is_refused(
    files: Files, tmp_path: Path, clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "package_version", lambda: "0.0.1")
    with pytest.raises(WorkerError, match=r"has thinice-tui 0\.0\.1"):
        run_it(wanted(files, tmp_path / "b.thinice"))
    assert clusters.made[0].closed


def test_a_stop_while_a_batch_has_lost_its_worker_begins_it_no_more(
    files: Files, tmp_path: Path, clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thinice_tui.engine.control.run_control.POLL_SECONDS", 0.0)
    path, calls, after = tmp_path / "b.thinice", iter(range(10_000)), list[int]()

    def fate(name: str, number: int) -> BaseException | None:
        if name != "compute":
            return None
        call = next(calls)
        if call == 20:
            write_control(path, "stop")
            return lost()
        after.extend([number] if call > 21 else [])  # one more was begun before
        return None

    clusters.fate = fate
    with pytest.raises(Interrupted, match="stopped as asked"):
        run_it(wanted(files, path))
    assert not after
    clusters.fate = lambda *_: None
    assert_same_outcomes(run_it(wanted(files, path)), run_it(request(files, tmp_path / "a.thinice")))


def test_a_stop_that_is_withdrawn_too_late_loses_no_batch(
    files: Files, tmp_path: Path, clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost worker's batch is given up for the stop, while another worker still computes."""
    monkeypatch.setattr("thinice_tui.engine.control.run_control.POLL_SECONDS", 0.0)
    settled, path, calls = RayExecutor._settled, tmp_path / "b.thinice", iter(range(10_000))
    monkeypatch.setattr(RayExecutor, "_settled", lambda self: settled(self)[:1])

    def fate(name: str, _: int) -> BaseException | None:
        call = next(calls) if name == "compute" else -1
        if call == 20:
            write_control(path, "stop")
            return lost()
        if call == 21:
            write_control(path, "run")
        return None

    clusters.fate = fate
    with pytest.raises(Interrupted, match="stopped as asked"):
        run_it(wanted(files, path))
    assert not read_run(path).complete and next(calls) > 21
    clusters.fate = lambda *_: None
    assert_same_outcomes(run_it(wanted(files, path)), run_it(request(files, tmp_path / "a.thinice")))


def test_a_stop_while_workers_start_ends_at_once(
    files: Files, tmp_path: Path, clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thinice_tui.engine.control.run_control.POLL_SECONDS", 0.0)
    path = tmp_path / "b.thinice"

    def stopped(executor: RayExecutor) -> list[Place]:
        write_control(path, "stop")
        return _nobody(executor)

    monkeypatch.setattr(RayExecutor, "_settled", stopped)
    with pytest.raises(Interrupted, match="stopped as asked"):
        run_it(wanted(files, path))
    assert clusters.made[0].closed


def test_a_stop_waits_for_the_batches_that_are_being_computed(
    files: Files, tmp_path: Path, clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thinice_tui.engine.control.run_control.POLL_SECONDS", 0.0)
    path, asked, calls = tmp_path / "b.thinice", threading.Event(), iter(range(10_000))

    def fate(name: str, _: int) -> None:
        if name == "compute" and next(calls) == 20 and not asked.is_set():
            asked.set()
            write_control(path, "stop")

    clusters.fate = fate
    with pytest.raises(Interrupted, match="stopped as asked"):
        run_it(wanted(files, path))
    whole = run_it(request(files, tmp_path / "a.thinice"))
    clusters.fate = lambda *_: None
    assert_same_outcomes(run_it(wanted(files, path)), whole)
    assert np.isfinite(whole.models[0].clean_margin).all()


@pytest.mark.usefixtures("clusters")
def test_a_worker_that_searches_with_another_precision_is_told(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, prepared = ClusterWorker.prepare, iter(range(10_000))

    def other(own: ClusterWorker) -> object:
        ready = prepare(own)
        assert isinstance(ready, Ready)
        forms = tuple(replace(form, precision="bf16") for form in ready.search_forms)
        return replace(ready, search_forms=forms) if next(prepared) else ready

    monkeypatch.setattr(ClusterWorker, "prepare", other)
    observer = StopAfter()
    many = run_it(wanted(files, tmp_path / "b.thinice"), observer)
    told = [warning for warning in observer.warnings if "searches dense in bf16 and others in fp32" in warning]
    assert len(told) == 1 and told[0] in many.info.warnings
