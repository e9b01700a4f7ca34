"""A comparison as requested: files, options and settings, and the command line that requests the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from thinice_tui.errors import UsageError
from thinice_tui.protocol.data_options import DataOptions, path_argument
from thinice_tui.protocol.durations import MAX_SECONDS, duration_argument
from thinice_tui.protocol.early_options import early_options, is_early
from thinice_tui.protocol.model_files import ModelFile, model_files
from thinice_tui.protocol.model_options import ModelOptions
from thinice_tui.protocol.settings import Settings, stored_field
from thinice_tui.protocol.worker_options import WorkerOptions


@dataclass(frozen=True)
class Request:
    """A comparison as requested; nothing is read yet. Relative paths are relative to `folder`."""

    dense: Path
    pruned: tuple[Path, ...]
    control: Path | None
    data: str | None
    """A data spec; None: the one that the dense checkpoint names."""
    samples: int | None
    device: str
    settings: Settings
    run: Path | None
    """The run file; None: one named after the files and the settings."""
    folder: Path
    time_limit: float | None = None
    """Seconds after which the engine stops after a whole batch; None: no limit."""
    data_options: DataOptions = field(default_factory=DataOptions)
    model_options: ModelOptions = field(default_factory=ModelOptions)
    worker_options: WorkerOptions = field(default_factory=WorkerOptions)

    def files(self) -> tuple[ModelFile, ...]:
        """The model files with their roles and names, in the order of the run."""
        return model_files(self.dense, self.pruned, self.control)

    def as_dict(self) -> dict[str, object]:
        """JSON values that `from_dict` reads, for the run file and the engine's process."""
        paths = {"dense": str(self.dense), "pruned": [str(path) for path in self.pruned], "folder": str(self.folder)}
        optional = {name: None if path is None else str(path) for name, path in self._optional_paths()}
        plain = {name: getattr(self, name) for name in ("data", "samples", "device", "time_limit")}
        options = {"data_options": self.data_options.as_dict(), "model_options": self.model_options.as_dict()}
        options["worker_options"] = self.worker_options.as_dict()
        return {**paths, **optional, **plain, **options, "settings": self.settings.as_dict()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Request":
        """The request from what `as_dict` returned, of earlier versions too; raises UsageError for anything else."""
        try:
            samples = stored_field(stored, "samples", int, None)
            pruned = stored_field(stored, "pruned", list)
            if samples is not None and samples < 1:
                raise ValueError("no samples")
            time_limit = stored_field(stored, "time_limit", float, None)
            if time_limit is not None and not 0 < time_limit <= MAX_SECONDS:
                raise ValueError(f"a time limit of {time_limit} seconds")
            dense = Path(stored_field(stored, "dense", str))
            control = None if stored["control"] is None else Path(stored_field(stored, "control", str))
            others = tuple(Path(stored_field({"pruned": path}, "pruned", str)) for path in pruned)
            if is_early(stored):
                names = tuple(file.name for file in model_files(dense, others, control))
                model_options = early_options(stored, names)
            else:
                model_options = ModelOptions.from_dict(stored_field(stored, "model_options", Mapping))
            return cls(
                dense=dense,
                pruned=others,
                control=control,
                data=stored_field(stored, "data", str, None),
                samples=samples,
                device=stored_field(stored, "device", str),
                settings=Settings.from_dict(stored_field(stored, "settings", Mapping)),
                run=None if stored["run"] is None else Path(stored_field(stored, "run", str)),
                folder=Path(stored_field(stored, "folder", str)),
                time_limit=time_limit,
                data_options=DataOptions.from_dict(stored_field(stored, "data_options", Mapping)),
                model_options=model_options,
                worker_options=WorkerOptions.from_dict(stored_field(stored, "worker_options", Mapping))
                if "worker_options" in stored
                else WorkerOptions(),  # a run of before there were several
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"how the run was started is not readable ({type(error).__name__}: {error})") from error

    def command(self) -> list[str]:
        """The command line that requests the same, with every option named."""
        settings = self.settings
        options = {name: path_argument(path) for name, path in self._optional_paths() if path is not None}
        options |= {} if self.data is None else {"data": self.data}
        options |= {} if self.samples is None else {"samples": str(self.samples)}
        options |= self.data_options.arguments()
        options |= {"device": self.device, "norm": settings.norm, "eps": settings.eps.text}
        options |= {"attack": settings.attack} if settings.stages is None else {"stages": settings.stages}
        options |= {"seed": str(settings.seed), "batch-size": str(settings.batch_size or "auto")}
        options |= {"keep-images": settings.keep_images, "precision": settings.precision}
        options |= {} if self.time_limit is None else {"time-limit": duration_argument(self.time_limit)}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        words += ["--distances"] if settings.distances else []
        words += ["--audit", settings.audit] if settings.audit != "auto" else []
        words += [] if settings.escalate else ["--no-escalate"]
        words += self.worker_options.arguments() + self.model_options.arguments()
        files = [path_argument(self.dense), *map(path_argument, self.pruned)]
        if any(file.startswith("-") for file in files):
            return ["thinice-tui", "compare", *words, "--", *files]
        return ["thinice-tui", "compare", *files, *words]

    def at(self, run: Path) -> "Request":
        """The same request with the run file `run`."""
        return replace(self, run=run)

    def _optional_paths(self) -> tuple[tuple[str, Path | None], ...]:
        return ("control", self.control), ("run", self.run)
