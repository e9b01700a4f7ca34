"""How the model files of a request are read."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from thinice_tui.errors import UsageError
from thinice_tui.protocol.settings import stored_field


@dataclass(frozen=True)
class ModelOptions:
    """How model files are read, apart from their architecture and normalisation."""

    keep: str | None = None
    """The fraction of weights that scores in a file keep: one for the pruned models, or one for each file: 1,0.1."""
    trust_pickle: bool = False
    """Whether code in a model file may run."""

    def __post_init__(self) -> None:
        """Raises UsageError where `keep` is no list of fractions."""
        self._fractions()

    def keep_for(self, file: int, pruned: bool, files: int) -> float | None:
        """The fraction for file number `file` of `files`, or None; a single number is for the pruned models."""
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
        """JSON values that `from_dict` reads."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "ModelOptions":
        """The options from what `as_dict` returned; raises KeyError, TypeError, UsageError."""
        return cls(
            keep=stored_field(stored, "keep", str, None), trust_pickle=stored_field(stored, "trust_pickle", bool)
        )

    def arguments(self) -> list[str]:
        """The options that are set, as arguments of the command line."""
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
