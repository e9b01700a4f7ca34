"""Ray: started on this machine for one run, or a cluster that runs already."""

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

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
INSTALL = "install it: pip install 'thinice-tui[ray]'"


class RayCluster:
    """A connection to Ray. Use as a context manager: at its end, workers and what was started here are gone."""

    def __init__(self, address: str | None, workers: int) -> None:
        """address: of a running cluster; None: Ray is started on this machine, for `workers`. Raises ThiniceError."""
        self._folder: Path | None = None
        self._actors: list[Any] = []
        self.ray = _import_ray(address)
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self._connect(address, workers)
        except Exception as error:
            self.close()
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
            self.ray.init(address=address, **quiet)
            return
        self._folder = Path(tempfile.mkdtemp(prefix="thinice-"))  # a short path: Ray's sockets lie in it
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


def _import_ray(address: str | None) -> ModuleType:
    for name, value in (LOCAL | SECRET).items() if address is None else ():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise CodeError("several workers need the package ray, which is not installed", INSTALL) from error
    return ray
