"""A comparison as asked for: files, options and settings, and the command line that asks for the same."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from thinice_tui.errors import UsageError
from thinice_tui.protocol.settings import Settings, stored_field


@dataclass(frozen=True)
class DataOptions:
    """What of the data is meant, and how image files are read; nothing set: all of it, as it is."""

    classes: str | None = None
    """Names or label numbers, with commas between."""
    indices: Path | None = None
    """A file that lists original indices."""
    shuffle: int | None = None
    """Seed of a random order, of which the first samples are a random subset."""
    class_map: Path | None = None
    """Label numbers by folder name."""
    resize: int | None = None
    """Of image files: the shorter side, in pixels."""
    crop: int | None = None
    """Of image files: the side of a square from the centre, in pixels."""

    def __post_init__(self) -> None:
        """Raises UsageError for a number out of its range."""
        if self.shuffle is not None and not 0 <= self.shuffle < 2**63:
            raise UsageError(f"--shuffle is {self.shuffle}, expected a seed from 0 to 2^63-1")
        for name, size in (("resize", self.resize), ("crop", self.crop)):
            if size is not None and not 1 <= size <= 10_000:
                raise UsageError(f"--{name} is {size}, expected a number of pixels from 1 to 10000")

    def as_dict(self) -> dict[str, object]:
        return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "DataOptions":
        """What `as_dict` gave; raises KeyError, TypeError, UsageError."""
        indices, class_map = stored_field(stored, "indices", str, None), stored_field(stored, "class_map", str, None)
        return cls(
            classes=stored_field(stored, "classes", str, None),
            indices=None if indices is None else Path(indices),
            shuffle=stored_field(stored, "shuffle", int, None),
            class_map=None if class_map is None else Path(class_map),
            resize=stored_field(stored, "resize", int, None),
            crop=stored_field(stored, "crop", int, None),
        )

    def words(self) -> dict[str, str]:
        """Options of the command line, those that are set."""
        given = {name.replace("_", "-"): value for name, value in asdict(self).items() if value is not None}
        return {name: _typed(value) if isinstance(value, Path) else str(value) for name, value in given.items()}


@dataclass(frozen=True)
class ModelOptions:
    """How model files are read, beyond their architecture and normalisation."""

    keep: str | None = None
    """The fraction of weights that scores in a file keep: a number for the pruned models, or one a file: 1,0.1."""
    trust_pickle: bool = False
    """Whether code that is in a model file may run."""

    def __post_init__(self) -> None:
        """Raises UsageError for fractions that are none."""
        self._fractions()

    def keep_for(self, file: int, pruned: bool, files: int) -> float | None:
        """For the file number `file` of `files`; one number alone is for pruned models."""
        fractions = self._fractions()
        if len(fractions) <= 1:
            return fractions[0] if fractions and pruned else None
        if len(fractions) != files:
            raise UsageError(
                f"--keep names {len(fractions)} fractions for {files} model files",
                "give one number for the pruned models, or one for each file: dense, pruned ones, control",
            )
        return fractions[file]

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "ModelOptions":
        """What `as_dict` gave; raises KeyError, TypeError, UsageError."""
        return cls(
            keep=stored_field(stored, "keep", str, None), trust_pickle=stored_field(stored, "trust_pickle", bool)
        )

    def words(self) -> list[str]:
        """Options of the command line, those that are set."""
        return [
            *(() if self.keep is None else ("--keep", self.keep)),
            *(("--trust-pickle",) if self.trust_pickle else ()),
        ]

    def _fractions(self) -> list[float]:
        if self.keep is None:
            return []
        try:
            fractions = [float(part) for part in self.keep.split(",")]
        except ValueError:
            fractions = [math.nan]
        if not all(0 < fraction <= 1 for fraction in fractions):
            raise UsageError(
                f"--keep is {self.keep!r}, expected fractions above 0 and up to 1",
                "write 0.1 for a model that keeps 10 % of its weights, or one a file: 1,0.1",
            )
        return fractions


@dataclass(frozen=True)
class Request:
    """A comparison as asked for; nothing is read yet. Relative paths are relative to `folder`."""

    dense: Path
    pruned: tuple[Path, ...]
    control: Path | None
    data: str | None
    """A data spec; None: what the dense checkpoint names."""
    samples: int | None
    arch: str
    normalize: str
    device: str
    settings: Settings
    run: Path | None
    """The run file; None: one named after the files and the settings."""
    folder: Path
    time_limit: float | None = None
    """Seconds after which the engine stops with a whole batch; None: it goes on until done."""
    data_options: DataOptions = DataOptions()
    model_options: ModelOptions = ModelOptions()

    def as_dict(self) -> dict[str, object]:
        """For the run file and the engine's process: JSON values that `from_dict` reads."""
        paths = {"dense": str(self.dense), "pruned": [str(path) for path in self.pruned], "folder": str(self.folder)}
        optional = {name: None if path is None else str(path) for name, path in self._optional_paths()}
        plain = {name: getattr(self, name) for name in ("data", "samples", "arch", "normalize", "device", "time_limit")}
        options = {"data_options": self.data_options.as_dict(), "model_options": self.model_options.as_dict()}
        return {**paths, **optional, **plain, **options, "settings": self.settings.as_dict()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Request":
        """What `as_dict` gave; raises UsageError for anything else."""
        try:
            samples = stored_field(stored, "samples", int, None)
            pruned = stored_field(stored, "pruned", list)
            if samples is not None and samples < 1:
                raise ValueError("no samples")
            return cls(
                dense=Path(stored_field(stored, "dense", str)),
                pruned=tuple(Path(stored_field({"pruned": path}, "pruned", str)) for path in pruned),
                control=None if stored["control"] is None else Path(stored_field(stored, "control", str)),
                data=stored_field(stored, "data", str, None),
                samples=samples,
                arch=stored_field(stored, "arch", str),
                normalize=stored_field(stored, "normalize", str),
                device=stored_field(stored, "device", str),
                settings=Settings.from_dict(stored_field(stored, "settings", Mapping)),
                run=None if stored["run"] is None else Path(stored_field(stored, "run", str)),
                folder=Path(stored_field(stored, "folder", str)),
                time_limit=stored_field(stored, "time_limit", float, None),
                data_options=DataOptions.from_dict(stored_field(stored, "data_options", Mapping)),
                model_options=ModelOptions.from_dict(stored_field(stored, "model_options", Mapping)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"how the run was started is not readable ({type(error).__name__}: {error})") from error

    def command(self) -> list[str]:
        """The command line that asks for the same, with every option named."""
        settings = self.settings
        options = {name: _typed(path) for name, path in self._optional_paths() if path is not None}
        options |= {} if self.data is None else {"data": self.data}
        options |= {} if self.samples is None else {"samples": str(self.samples)}
        options |= self.data_options.words()
        options |= {"arch": self.arch, "normalize": self.normalize, "device": self.device}
        options |= {"norm": settings.norm, "eps": settings.eps.text, "attack": settings.attack}
        options |= {"seed": str(settings.seed), "batch-size": str(settings.batch_size or "auto")}
        options |= {"keep-images": settings.keep_images, "precision": settings.precision}
        options |= {} if self.time_limit is None else {"time-limit": f"{self.time_limit:g}s"}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        words += ["--distances"] if settings.distances else []
        words += self.model_options.words()
        files = [_typed(self.dense), *map(_typed, self.pruned)]
        if any(file.startswith("-") for file in files):
            return ["thinice-tui", "compare", *words, "--", *files]
        return ["thinice-tui", "compare", *files, *words]

    def at(self, run: Path) -> "Request":
        """The same, kept in the run file `run`."""
        return replace(self, run=run)

    def _optional_paths(self) -> tuple[tuple[str, Path | None], ...]:
        return ("control", self.control), ("run", self.run)


def _typed(path: Path) -> str:
    """A path for the command line, where ~ at the beginning is a home."""
    return f"./{path}" if str(path).startswith("~") else str(path)
