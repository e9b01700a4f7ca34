"""How many workers compute a run, and where: options that decide no outcome."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from thinice_tui.errors import UsageError
from thinice_tui.protocol.settings import stored_field

ALL = "all"
ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]+):\d{1,5}")
"""Host, or an IPv6 address in brackets, and port."""


@dataclass(frozen=True)
class WorkerOptions:
    """Where batches are computed; the default is one device, in the engine's own process."""

    devices: tuple[str, ...] = ()
    """A worker for each of these devices of this machine; `all`: for each GPU. Empty: as `workers` says."""
    workers: int | None = None
    """Workers on CPUs; None: none are asked for."""
    ray: str | None = None
    """The address of a running Ray cluster; None: this machine alone."""

    @property
    def many(self) -> bool:
        """Whether processes of their own compute, through Ray."""
        return bool(self.devices) or self.workers is not None or self.ray is not None

    @property
    def first_device(self) -> str | None:
        """The device on which models are checked before workers have them; None: as --device says."""
        if self.workers is not None:
            return "cpu"
        return self.devices[0] if self.devices and self.devices != (ALL,) else None

    @classmethod
    def build(cls, devices: str | None, workers: int | None, ray: str | None, device: str) -> "WorkerOptions":
        """The options of a command line; device: what --device says. Raises UsageError."""
        named = () if devices is None else tuple(name.strip() for name in devices.split(","))
        if devices is not None and not all(named):
            raise UsageError(
                f"--devices is {devices!r}, expected all, or devices separated by commas", "as in cuda:0,cuda:1"
            )
        if len(set(named)) < len(named):
            raise UsageError(f"--devices {devices}: names a device twice", "name each once")
        if ALL in named and len(named) > 1:
            raise UsageError(
                f"--devices {devices}: all is every GPU, expected nothing beside it", "leave the others out"
            )
        if named and workers is not None:
            raise UsageError(
                "--devices and --workers say two things, expected one", "--devices is for GPUs, --workers for CPUs"
            )
        if named and ray is not None and named != (ALL,):
            raise UsageError(
                f"--devices {devices}: machines of a cluster name their own GPUs",
                "write --devices all",
            )
        if ray is not None and ray != "auto" and not ADDRESS.fullmatch(ray):
            raise UsageError(
                f"--ray is {ray!r}, expected HOST:PORT of a Ray cluster",
                "as in 10.0.0.1:6379, or auto for the cluster that runs on this machine",
            )
        options = cls(named, workers, ray)
        if options.many and device not in ("auto", *(["cpu"] if workers is not None else [])):
            raise UsageError(
                f"--device {device}: is for one device, and --devices, --workers and --ray are for several",
                "leave --device out",
            )
        return options

    def as_dict(self) -> dict[str, object]:
        """JSON values that `from_dict` reads."""
        return {"devices": list(self.devices), "workers": self.workers, "ray": self.ray}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "WorkerOptions":
        """The options from what `as_dict` returned; raises KeyError, TypeError, ValueError."""
        devices = stored_field(stored, "devices", list)
        workers = stored_field(stored, "workers", int, None)
        if not all(isinstance(name, str) for name in devices):
            raise TypeError(f"devices is {devices!r}")
        if workers is not None and workers < 1:
            raise ValueError("no workers")
        return cls(tuple(devices), workers, stored_field(stored, "ray", str, None))

    def arguments(self) -> list[str]:
        """The options as arguments of the command line."""
        words = ["--devices", ",".join(self.devices)] if self.devices else []
        words += [] if self.workers is None else ["--workers", str(self.workers)]
        return words + ([] if self.ray is None else ["--ray", self.ray])
