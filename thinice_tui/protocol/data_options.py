"""Which samples of the data a request takes, and how image files are read."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from thinice_tui.errors import UsageError
from thinice_tui.protocol.settings import stored_field


@dataclass(frozen=True)
class DataOptions:
    """Which samples are taken, and how image files are read. Nothing set: all samples, images as they are."""

    classes: str | None = None
    """Class names or label numbers, separated by commas; None: all classes."""
    indices: Path | None = None
    """A file that lists original indices; None: all."""
    shuffle: int | None = None
    """Seed of a random order, so that the first samples are a random subset; None: the original order."""
    class_map: Path | None = None
    """A file that maps folder names to label numbers."""
    resize: int | None = None
    """The shorter side of image files after resizing, in pixels."""
    crop: int | None = None
    """The side of the square cut from the centre of image files, in pixels."""

    def __post_init__(self) -> None:
        """Raises UsageError for a number outside its range."""
        if self.shuffle is not None and not 0 <= self.shuffle < 2**63:
            raise UsageError(f"--shuffle is {self.shuffle}, expected a seed from 0 to 2^63-1")
        for name, size in (("resize", self.resize), ("crop", self.crop)):
            if size is not None and not 1 <= size <= 10_000:
                raise UsageError(f"--{name} is {size}, expected a number of pixels from 1 to 10000")

    def as_dict(self) -> dict[str, object]:
        """JSON values that `from_dict` reads."""
        return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "DataOptions":
        """The options from what `as_dict` returned; raises KeyError, TypeError, UsageError."""
        indices, class_map = stored_field(stored, "indices", str, None), stored_field(stored, "class_map", str, None)
        return cls(
            classes=stored_field(stored, "classes", str, None),
            indices=None if indices is None else Path(indices),
            shuffle=stored_field(stored, "shuffle", int, None),
            class_map=None if class_map is None else Path(class_map),
            resize=stored_field(stored, "resize", int, None),
            crop=stored_field(stored, "crop", int, None),
        )

    def arguments(self) -> dict[str, str]:
        """The options that are set, as names and values of the command line."""
        given = {name.replace("_", "-"): value for name, value in asdict(self).items() if value is not None}
        return {name: path_argument(value) if isinstance(value, Path) else str(value) for name, value in given.items()}


def path_argument(path: Path) -> str:
    """A path as a command line argument: a leading ~ must not be read as the home folder."""
    return f"./{path}" if str(path).startswith("~") else str(path)
