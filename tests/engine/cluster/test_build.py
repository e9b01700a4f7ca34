"""Which workers there are."""

import pytest
import torch

from thinice_tui.engine.cluster import build
from thinice_tui.engine.cluster.build import cluster_devices, local_devices
from thinice_tui.errors import UsageError
from thinice_tui.protocol.worker_options import WorkerOptions


def test_workers_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert local_devices(WorkerOptions(workers=3)) == (("cpu", 0),) * 3
    assert local_devices(WorkerOptions(devices=("cuda:1", "cuda:0"))) == (("cuda:1", 0), ("cuda:0", 0))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert local_devices(WorkerOptions(devices=("all",))) == (("cuda:0", 0), ("cuda:1", 0))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(UsageError, match="has no GPU"):
        local_devices(WorkerOptions(devices=("all",)))


def test_workers_of_a_cluster() -> None:
    cluster = {"CPU": 8.0, "GPU": 4.0}
    assert cluster_devices(WorkerOptions(ray="auto"), cluster) == (("cuda", 1),) * 4
    assert cluster_devices(WorkerOptions(ray="auto", workers=8), cluster) == (("cpu", 0),) * 8
    with pytest.raises(UsageError, match="the cluster has 8 cores"):
        cluster_devices(WorkerOptions(ray="auto", workers=9), cluster)
    with pytest.raises(UsageError, match="the cluster has no GPU"):
        cluster_devices(WorkerOptions(ray="auto"), {"CPU": 8.0})


@pytest.mark.parametrize(
    ("said", "workers", "threads"), [("3", 2, 3), ("", 2, 4), ("", 16, 1), ("0", 8, 1), ("many", 4, 2)]
)
def test_threads_are_the_users_or_a_share_of_the_cores(
    monkeypatch: pytest.MonkeyPatch, said: str, workers: int, threads: int
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert build._threads(WorkerOptions(workers=workers), workers) == threads
    assert build._threads(WorkerOptions(ray="auto"), workers) == 1
