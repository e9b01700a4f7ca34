"""Ray: started on this machine for one run, or a cluster that runs already."""

import os
import platform
import secrets
import shutil
import signal
import socket
import tempfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

from thinice_tui.errors import CodeError, WorkerError, reason

GROUPS = {"compute": 1, "control": 1}
"""The threads of a worker: one computes, the other answers meanwhile."""
LOCAL = {
    "RAY_USAGE_STATS_ENABLED": "0",  # no statistics leave the machine
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # every port listens on the loopback interface alone
    "RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES": "1",  # a worker is told its device by name
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Read where Ray is imported."""
SECRET = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
"""What every process of this machine's cluster knows, and no other user's; Ray's own would be a file in the home."""
STORE_BYTES = 512 * 2**20
"""Of shared memory for images on this machine; what does not fit is written to the disk."""
AUTO = "auto"
"""The address of the cluster that runs on this machine."""
REACH_SECONDS = 10.0
"""How long a cluster may take to accept a connection."""
FOLDER = "thinice-ray-"
"""Beginning of the name of Ray's folder, before the process id."""
INSTALL = "install thinice-tui's extra `ray`: pip install -c constraints.txt -e '.[ray]'"


class RayCluster:
    """A connection to Ray; after `close`, workers and what was started here are gone."""

    def __init__(self, address: str | None, workers: int) -> None:
        """address: of a running cluster; None: Ray is started on this machine, for `workers`.

        Raises ThiniceError; KeyboardInterrupt, and then nothing of it is left.
        """
        self._folder: Path | None = None
        self._actors: list[Any] = []
        self.ray = _import_ray(address)
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self._connect(address, workers)
        except BaseException as error:
            self.close()
            if isinstance(error, SystemExit):  # what Ray's own handler makes of SIGTERM
                raise KeyboardInterrupt from error
            if not isinstance(error, Exception):
                raise
            if address is None:
                raise WorkerError(f"Ray does not start ({reason(error)})", INSTALL) from error
            raise WorkerError(
                f"--ray {address}: cannot be reached ({reason(error)})",
                "check the address, and that the same versions of Ray and Python run there",
            ) from error
        finally:
            for number, handler in handlers.items():  # Ray puts its own in their place
                with suppress(ValueError):  # not the main thread: Ray has left them alone
                    signal.signal(number, handler)

    def _connect(self, address: str | None, workers: int) -> None:
        quiet = {"log_to_driver": False, "configure_logging": False}
        if address is not None:
            if address != AUTO:  # Ray itself would try for a quarter of an hour
                host, _, port = address.rpartition(":")
                socket.create_connection((host.strip("[]"), int(port)), timeout=REACH_SECONDS).close()
            self.ray.init(address=address, **quiet)
            return
        _remove_left_folders()
        # a short path: Ray's sockets lie in it
        self._folder = Path(tempfile.mkdtemp(prefix=f"{folder_prefix()}{os.getpid()}-"))
        self.ray.init(
            address="local",
            num_cpus=workers,
            num_gpus=0,
            include_dashboard=False,
            object_store_memory=STORE_BYTES,
            _node_ip_address="127.0.0.1",
            _temp_dir=str(self._folder),
            **quiet,
        )

    def resources(self) -> Mapping[str, float]:
        """What the whole cluster has: CPU, GPU, …"""
        found: Mapping[str, float] = self.ray.cluster_resources()
        return found

    def start(self, worker: type, gpus: int, environment: Mapping[str, str], *arguments: object) -> Any:
        """An actor of the class `worker`, on any machine that has a free core and `gpus` free GPUs.

        environment: variables of its process.
        """
        made = self.ray.remote(
            num_cpus=1,
            num_gpus=gpus,
            max_restarts=0,
            concurrency_groups=GROUPS,
            runtime_env={"env_vars": dict(environment)},
        )(worker)
        actor = made.remote(*arguments)
        self._actors.append(actor)
        return actor

    def stop(self, actor: Any) -> None:
        """End an actor at once."""
        with suppress(Exception):  # it is gone already
            self.ray.kill(actor)
        self._actors.remove(actor)

    def close(self) -> None:
        """End all workers, and Ray itself where it was started here."""
        for actor in list(self._actors):
            self.stop(actor)
        self.ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def folder_prefix() -> str:
    """How folders of this host begin: a container beside it may share the folder, and not the process ids.

    Short, for Ray's sockets lie in it.
    """
    return f"{FOLDER}{zlib.crc32(platform.node().encode()):08x}-"


def _remove_left_folders() -> None:
    """Remove folders of earlier processes that were killed."""
    prefix = folder_prefix()
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*-*"):
        pid = folder.name.removeprefix(prefix).partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def check_package() -> None:
    """Raise CodeError where Ray is not installed; it is not imported, which takes a second."""
    if find_spec("ray") is None:
        raise CodeError("several workers need the package ray, which is not installed", INSTALL)


def _import_ray(address: str | None) -> ModuleType:
    if address is None:
        os.environ.update(LOCAL | SECRET)
    check_package()
    import ray

    return ray
