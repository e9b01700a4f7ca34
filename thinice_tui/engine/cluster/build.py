"""Which workers compute a run, and with how many threads."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.data.samples import Samples
from thinice_tui.engine.cluster.executor import RayExecutor
from thinice_tui.engine.cluster.parcels import parcel_of
from thinice_tui.engine.cluster.ray_cluster import RayCluster, check_package
from thinice_tui.engine.cluster.worker import Setup
from thinice_tui.engine.control.watch import Watch
from thinice_tui.engine.run_model import RunModel
from thinice_tui.errors import UsageError
from thinice_tui.protocol.settings import Settings
from thinice_tui.protocol.worker_options import ALL, WorkerOptions

CPU = "cpu"
Device = tuple[str, int]
"""A worker's device, and how many of Ray's GPUs it takes."""


def build_ray_executor(
    options: WorkerOptions,
    models: Sequence[RunModel],
    samples: Samples,
    settings: Settings,
    probe: NDArray[np.float32],
    watch: Watch,
) -> RayExecutor:
    """Start Ray or connect to it, and start the workers. Raises ThiniceError.

    probe: clean images [b,C,H,W], on which each model's faster forms must agree with it.
    """
    parcels = tuple(parcel_of(model) for model in models)
    devices = local_devices(options) if options.ray is None else ()
    cluster = RayCluster(options.ray, len(devices))
    try:
        devices = devices or cluster_devices(options, cluster.resources())
        threads = _threads(options, len(devices))
        names = tuple(model.name for model in models)
        setup = Setup(names, parcels, settings, probe, threads)
        return RayExecutor(cluster, setup, devices, samples, watch)
    except BaseException:
        cluster.close()
        raise


def check_workers(options: WorkerOptions) -> None:
    """Raise ThiniceError where such workers cannot be, as far as is known before models and data are read."""
    check_package()
    if options.ray is None:
        local_devices(options)


def local_devices(options: WorkerOptions) -> tuple[Device, ...]:
    """The workers of this machine; raises UsageError where it has no GPU and all are asked for."""
    if options.workers is not None:
        return ((CPU, 0),) * options.workers
    if options.devices != (ALL,):
        return tuple((name, 0) for name in options.devices)
    count = torch.cuda.device_count()
    if not count:
        raise UsageError("--devices all: this machine has no GPU that torch can use", "give --workers N for CPUs")
    return tuple((f"cuda:{index}", 0) for index in range(count))


def cluster_devices(options: WorkerOptions, resources: Mapping[str, float]) -> tuple[Device, ...]:
    """The workers of a cluster: one for each of its GPUs, or as many on CPUs as are asked for."""
    gpus, cores = int(resources.get("GPU", 0)), int(resources.get("CPU", 0))
    if options.workers is not None:
        if options.workers > cores:
            raise UsageError(
                f"--workers {options.workers}: the cluster has {cores} cores", f"expected 1 to {cores}, one core each"
            )
        return ((CPU, 0),) * options.workers
    if not gpus:
        raise UsageError(f"--ray {options.ray}: the cluster has no GPU", "give --workers N to compute on its CPUs")
    return (("cuda", 1),) * gpus


def _threads(options: WorkerOptions, workers: int) -> int:
    """Of each worker: what OMP_NUM_THREADS says, else its share of this machine's cores; one on a cluster, where Ray
    counts cores."""
    if options.ray is not None:
        return 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() and int(asked) else max(1, (os.cpu_count() or 1) // workers)
