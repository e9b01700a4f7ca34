"""A worker's process, called as Ray calls it: what it answers, and how it waits."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.engine_runs import request
from tests.linear_models import Files
from thinice_tui.engine.cluster.image_store import ImageStore
from thinice_tui.engine.cluster.parcels import parcel_of
from thinice_tui.engine.cluster.worker import ClusterWorker, Ready, Setup, Status
from thinice_tui.engine.compare import PreparedRun, prepare
from thinice_tui.engine.worker.attack import AttackTask
from thinice_tui.engine.worker.model_host import ModelHost
from thinice_tui.errors import CheckpointError
from thinice_tui.protocol.ensembles import build_ensemble
from thinice_tui.protocol.settings import Settings

SETTINGS = Settings.build("Linf", "4/255", "quick", batch_size="8")
POSITIONS = np.arange(3, 11)


@pytest.fixture
def prepared(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PreparedRun:
    monkeypatch.setattr("ray.get", lambda references: references)
    return prepare(request(files, tmp_path / "a.thinice"))


def worker_of(prepared: PreparedRun) -> ClusterWorker:
    names, parcels = (model.name for model in prepared.models), (parcel_of(model) for model in prepared.models)
    probe = prepared.probe.first(8).floats()
    return ClusterWorker(Setup(tuple(names), tuple(parcels), SETTINGS, probe, 1), "cpu")


def task(prepared: PreparedRun, whole: bool = False) -> AttackTask:
    samples = prepared.samples
    return AttackTask(
        model=1,
        stage=build_ensemble("quick", 5)[0],
        first=0,
        positions=POSITIONS,
        indices=samples.indices[POSITIONS],
        images=samples.floats(POSITIONS) if whole else np.empty((0, 3, 8, 8), np.float32),
        labels=samples.labels[POSITIONS],
        batch_capacity=8,
    )


def test_it_computes_what_the_models_compute_here(prepared: PreparedRun) -> None:
    worker = worker_of(prepared)
    assert isinstance(ready := worker.prepare(), Ready) and ready.device.startswith("cpu")
    computed = worker.compute(task(prepared), ImageStore(prepared.samples, lambda piece: piece).rows(POSITIONS))
    names = [model.name for model in prepared.models]
    models = [model.loaded.classifier() for model in prepared.models]
    host = ModelHost(names, models, SETTINGS, prepared.device, prepared.probe.first(8).floats())
    expected = host.compute(task(prepared, whole=True), lambda _: None)
    assert computed.result is not None and computed.error is None and computed.warnings == ()
    assert np.array_equal(computed.result.images, expected.images)
    assert np.array_equal(computed.result.logits, expected.logits)
    assert worker.status() == Status(1, expected.forwards)


def test_it_waits_while_paused_and_does_not_count_that_time(prepared: PreparedRun) -> None:
    worker, rows = worker_of(prepared), ImageStore(prepared.samples, lambda piece: piece).rows(POSITIONS)
    worker.prepare()
    worker.pause(True)
    done = []
    thread = threading.Thread(target=lambda: done.append(worker.compute(task(prepared), rows)))
    thread.start()
    time.sleep(0.8)
    seen = worker.status().images
    assert thread.is_alive() and not done and seen <= 8, "it waits at the first forward pass"
    worker.pause(False)
    thread.join(timeout=60)
    assert done[0].result is not None and done[0].seconds < 0.7


def test_what_it_cannot_load_is_its_answer(prepared: PreparedRun, files: Files) -> None:
    worker = worker_of(prepared)
    files.pruned.unlink()
    assert isinstance(worker.prepare(), CheckpointError)
