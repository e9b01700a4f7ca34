"""What a run file says of its run as a whole: settings, data, versions, device, times."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from thinice_tui.errors import UsageError
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.checked import NUMBER, field, optional

Json = Mapping[str, Any]
MOST_CLASSES = 10**6
"""A view makes a name for every class: a stranger's file may not claim more."""
LAST_TIME = 253_402_300_799.0
"""The end of the year 9999, which is the last that Python's dates know."""


@dataclass(frozen=True)
class DataInfo:
    """The samples of a run: their source, how many, and the shape [C,H,W] and dtype of their images."""

    source: str
    sha256: str
    samples: int
    shape: tuple[int, ...]
    dtype: str
    class_names: tuple[str, ...]
    notes: tuple[str, ...] | None
    """How the data were read; None in files of early versions."""

    @classmethod
    def from_dict(cls, stored: Json) -> "DataInfo":
        """From the run table's `data`; raises ValueError, KeyError or TypeError where it is unusable."""
        notes = stored.get("notes")
        names, shape = field(stored, "class_names", list), field(stored, "shape", list)
        if not all(isinstance(name, str) for name in names):
            raise ValueError("class names that are no text")
        if not all(type(size) is int and size > 0 for size in shape):
            raise ValueError(f"images of shape {shape}")
        return cls(
            source=field(stored, "source", str),
            sha256=str(stored.get("sha256", "")),
            samples=field(stored, "samples", int),
            shape=tuple(shape),
            dtype=field(stored, "dtype", str),
            class_names=tuple(names),
            notes=tuple(map(str, notes)) if isinstance(notes, list) else None,
        )

    def as_dict(self) -> dict[str, object]:
        """As JSON values, in the keys of the run file."""
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
    """The run table of a run file, checked.

    search, architecture, normalization, kinship: JSON objects by model name, as the engine wrote them; None: not kept.
    """

    settings: Settings
    data: DataInfo
    classes: int
    batch_size: int
    """Samples a batch, as the engine chose."""
    device: str
    versions: Mapping[str, str]
    warnings: tuple[str, ...]
    created: float
    """Seconds since the epoch, like `finished`."""
    finished: float | None
    request: Json | None = dataclass_field(repr=False)
    """How the run was started; None where the file does not say."""
    search: Json | None = dataclass_field(default=None, repr=False)
    architecture: Json | None = dataclass_field(default=None, repr=False)
    normalization: Json | None = dataclass_field(default=None, repr=False)
    kinship: Json | None = dataclass_field(default=None, repr=False)

    @classmethod
    def from_table(cls, table: Json) -> "RunInfo":
        """From the run table's JSON values by key; raises ValueError, KeyError or TypeError where one is unusable."""
        try:
            settings = Settings.from_dict(field(table, "settings", dict))
        except UsageError as error:
            raise ValueError(error.what) from error
        classes, batch_size = field(table, "classes", int), field(table, "batch_size", int)
        if not (1 <= classes <= MOST_CLASSES and batch_size >= 1):
            raise ValueError(f"{classes} classes, {batch_size} samples a batch")
        finished = optional(table, "finished", NUMBER)
        return cls(
            settings=settings,
            data=DataInfo.from_dict(field(table, "data", dict)),
            classes=classes,
            batch_size=batch_size,
            device=field(table, "device", str).replace("(1 threads)", "(1 thread)"),  # as early versions wrote
            versions=_texts(field(table, "versions", dict)),
            warnings=tuple(warning for warning in field(table, "warnings", list) if isinstance(warning, str)),
            created=_time(field(table, "created", NUMBER)),
            finished=None if finished is None else _time(finished),
            request=_object(table, "request"),
            search=_object(table, "search"),
            architecture=_object(table, "architecture"),
            normalization=_object(table, "normalization"),
            kinship=_object(table, "kinship"),
        )


def _time(seconds: float) -> float:
    """`seconds` since the epoch, which must be a time that can be shown."""
    if not 0 <= seconds <= LAST_TIME:
        raise ValueError(f"the time {seconds}")
    return float(seconds)


def _texts(stored: Json) -> dict[str, str]:
    """`stored`, whose values must all be text."""
    if not all(isinstance(value, str) for value in stored.values()):
        raise ValueError("versions that are no text")
    return dict(stored)


def _object(table: Json, key: str) -> Json | None:
    """`table[key]` where that is a JSON object, else None."""
    value = table.get(key)
    return value if isinstance(value, Mapping) else None
