"""What a run is, apart from its samples' outcomes: the run table of a run file, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from thinice_tui.errors import UsageError
from thinice_tui.protocol.settings import Settings

Json = Mapping[str, Any]


@dataclass(frozen=True)
class DataInfo:
    """The samples: where they are from, how many, and their images' shape [C,H,W] and dtype."""

    source: str
    sha256: str
    samples: int
    shape: tuple[int, ...]
    dtype: str
    class_names: tuple[str, ...]
    notes: tuple[str, ...] | None
    """How the data were read; None in files from before these were kept."""

    def as_dict(self) -> dict[str, object]:
        """As JSON, in the keys of the run file."""
        notes = {} if self.notes is None else {"notes": list(self.notes)}
        return {
            "source": self.source,
            **notes,
            "sha256": self.sha256,
            "samples": self.samples,
            "shape": list(self.shape),
            "dtype": self.dtype,
            "class_names": list(self.class_names),
        }


@dataclass(frozen=True)
class RunInfo:
    """The run table. `search`, `normalization` and `kinship` are as the engine wrote them, by model; None: not kept."""

    settings: Settings
    data: DataInfo
    classes: int
    batch_size: int
    """Samples a batch, as the engine chose."""
    device: str
    versions: Mapping[str, str]
    warnings: tuple[str, ...]
    created: float
    """Seconds since the epoch, as `finished`."""
    finished: float | None
    request: Json | None
    """How the run was started; None where the file does not say."""
    search: Json | None = None
    normalization: Json | None = None
    kinship: Json | None = None

    @classmethod
    def from_table(cls, table: Json) -> "RunInfo":
        """From the run table's JSON values by key; raises ValueError, KeyError or TypeError where one is unusable."""
        try:
            settings = Settings.from_dict(_of(table, "settings", dict))
        except UsageError as error:
            raise ValueError(error.what) from error
        classes, batch_size = _of(table, "classes", int), _of(table, "batch_size", int)
        if classes < 1 or batch_size < 1:
            raise ValueError(f"{classes} classes, {batch_size} samples a batch")
        finished = table.get("finished")
        return cls(
            settings=settings,
            data=_data(_of(table, "data", dict)),
            classes=classes,
            batch_size=batch_size,
            device=_of(table, "device", str),
            versions=_texts(_of(table, "versions", dict)),
            warnings=tuple(warning for warning in _of(table, "warnings", list) if isinstance(warning, str)),
            created=float(_of(table, "created", (int, float))),
            finished=None if finished is None else float(finished),
            request=_object(table, "request"),
            search=_object(table, "search"),
            normalization=_object(table, "normalization"),
            kinship=_object(table, "kinship"),
        )


def _data(stored: Json) -> DataInfo:
    notes = stored.get("notes")
    names, shape = _of(stored, "class_names", list), _of(stored, "shape", list)
    if not all(isinstance(name, str) for name in names):
        raise ValueError("class names that are no text")
    if not all(type(size) is int and size > 0 for size in shape):
        raise ValueError(f"images of shape {shape}")
    return DataInfo(
        source=_of(stored, "source", str),
        sha256=str(stored.get("sha256", "")),
        samples=_of(stored, "samples", int),
        shape=tuple(shape),
        dtype=_of(stored, "dtype", str),
        class_names=tuple(names),
        notes=tuple(map(str, notes)) if isinstance(notes, list) else None,
    )


def _of(stored: Json, key: str, kind: type | tuple[type, ...]) -> Any:
    value = stored[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{key} is {value!r}")
    return value


def _texts(stored: Json) -> dict[str, str]:
    if not all(isinstance(value, str) for value in stored.values()):
        raise ValueError("versions that are no text")
    return dict(stored)


def _object(table: Json, key: str) -> Json | None:
    value = table.get(key)
    return value if isinstance(value, Mapping) else None
