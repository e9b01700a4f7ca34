"""The audit of a fast ensemble: which of the samples that it leaves also go through stronger attacks."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import UsageError

LEAST = 16
"""The smallest default audit, in samples."""
SHARE = 8
"""The default audit is one of so many standing samples."""
ALL = "all"


@dataclass(frozen=True)
class AuditSize:
    """How many of the standing samples are audited. count: of each model; None: one in SHARE, and at least LEAST."""

    count: int | None = None
    all: bool = False

    @classmethod
    def parse(cls, text: str | None) -> "AuditSize":
        """Read `all` or a number; None: the default. Raises UsageError."""
        if text is None or text == "auto":
            return cls()
        if text.lower() == ALL:
            return cls(all=True)
        if not text.isdecimal():
            raise UsageError(f"--audit is {text!r}, expected all or a number of samples")
        return cls(int(text))

    @property
    def text(self) -> str:
        """As `parse` reads it."""
        return ALL if self.all else "auto" if self.count is None else str(self.count)

    def of(self, standing: int) -> int:
        """The size of the audit where `standing` samples are left."""
        if self.all:
            return standing
        return min(standing, max(LEAST, -(-standing // SHARE)) if self.count is None else self.count)


def audited(indices: NDArray[np.int64], seed: int, size: AuditSize) -> NDArray[np.bool_]:
    """Which samples are audited, bool [n]: those of the lowest hashes of seed and index.

    indices: int64 [n], the standing samples' indices in the original data. A sample that stands under two models is
    audited for both, or nearly so: the hash does not depend on the model.
    """
    chosen = np.zeros(len(indices), dtype=np.bool_)
    hashes = [hashlib.blake2b(f"{seed}|{index}".encode(), digest_size=8).digest() for index in indices.tolist()]
    chosen[np.argsort(np.array(hashes, dtype="S8"), kind="stable")[: size.of(len(indices))]] = True
    return chosen
