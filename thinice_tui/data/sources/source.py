"""What a data source is: how its spec is written, what may follow it, and what reads it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from thinice_tui.data.decoding import Geometry
from thinice_tui.data.stored_data import StoredData
from thinice_tui.errors import UsageError
from thinice_tui.safe_io.paths import expanded


@dataclass(frozen=True)
class DataSpec:
    """A data spec in its parts: `KIND:PLACE#SPLIT,key=value`, or `PLACE#…` for a file."""

    whole: str
    """As typed, for messages."""
    kind: str
    """The word before the colon; empty: PLACE is a file."""
    place: str
    """The folder or file, as typed."""
    named: Mapping[str, str] = field(default_factory=dict)
    """What is named after the #: images, labels, layout, channels."""
    split: str = ""
    """test, train or extra; empty: as the source has it."""
    geometry: Geometry = Geometry()  # noqa: RUF009  # frozen
    """How encoded images are resized and cropped."""
    class_map: Path | None = None
    """A file of label numbers by folder name."""
    class_names: tuple[str, ...] = ()
    """Of the model's outputs, in their order; empty: not known."""

    @property
    def path(self) -> Path:
        """PLACE with ~ expanded; raises UsageError."""
        return expanded(self.place)

    def source_name(self, detail: str = "") -> str:
        """KIND:PLACE, then `detail`, then the split where it is not the test split: how a run names its data."""
        place = f"{self.kind}:{self.path}" if self.kind else str(self.path)
        return f"{place}{detail}" + ("" if self.split in ("", "test") else f", the {self.split} split")


@dataclass(frozen=True)
class Source:
    """One kind of data: what is typed for it and what reads it."""

    form: str
    """As it is typed: cifar10:DIR."""
    read: Callable[[DataSpec], StoredData]
    """Raises DataError and UsageError."""
    kind: str = ""
    """The word before the colon; empty: a file, told by its suffix."""
    suffixes: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    """Names of its splits, the default first."""
    keys: tuple[str, ...] = ()
    """What may be named after the #: images, labels, layout, channels."""
    encoded: bool = False
    """Whether its images are encoded (PNG, JPEG, …), so that --resize and --crop apply."""
    class_folders: bool = False
    """Whether its classes are folders, so that --class-map applies."""

    def check(self, spec: DataSpec) -> None:
        """Raise UsageError where the spec names, after the #, what this source does not have."""
        if wrong := next((key for key in spec.named if key not in self.keys), ""):
            known = ", ".join(f"{key}=…" for key in self.keys)
            takes = f"after # it takes {known}" if known else "it takes nothing after #"
            raise UsageError(f"--data {spec.whole}: names {wrong}", f"leave it out: {takes}")
        if spec.split and spec.split not in self.splits:
            remedy = f"expected one of {', '.join(self.splits)}" if self.splits else f"leave out #{spec.split}"
            if self.class_folders:
                remedy += f": for a folder in it write {self.kind}:{spec.path / spec.split}"
            raise UsageError(f"--data {spec.whole}: has no split {spec.split!r}", remedy)
