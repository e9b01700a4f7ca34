"""The threat model: an adversarial image lies within eps of the clean one in a norm, with all pixels in [0,1]."""

import math
import re
from dataclasses import dataclass
from typing import Literal

from thinice_tui.errors import UsageError

Norm = Literal["Linf", "L2", "L1"]


@dataclass(frozen=True)
class NormRow:
    """What is known of a norm without torch; its arithmetic is the class of the same name in attacks/norms.py."""

    default_eps: str
    """What --eps is when it is not given."""
    denominator: int = 1
    """Distances are shown in units of 1/denominator of the pixel range: 255 where eps is usually written as 8/255."""
    trivial_eps: float = math.inf
    """From this eps on every image is allowed, whatever its size; inf where that depends on the size."""

    @property
    def axis_unit(self) -> str:
        """The unit for a plot's axis: ` in 1/255`, or nothing."""
        return f" in 1/{self.denominator}" if self.denominator > 1 else ""

    def shown(self, distance: float) -> str:
        """A distance for people: `4.21/255`, or `0.531`."""
        unit = f"/{self.denominator}" if self.denominator > 1 else ""
        return f"{self.denominator * distance:.3g}{unit}"


NORM_ROWS: dict[Norm, NormRow] = {
    "Linf": NormRow(default_eps="8/255", denominator=255, trivial_eps=1.0),
    "L2": NormRow(default_eps="0.5"),
    "L1": NormRow(default_eps="12"),
}
NORMS: tuple[Norm, ...] = tuple(NORM_ROWS)


@dataclass(frozen=True)
class Epsilon:
    """A perturbation budget, as typed and as a number in units of [0,1] pixels."""

    text: str
    value: float

    @classmethod
    def parse(cls, text: str) -> "Epsilon":
        """Read `8/255` or `0.031`; raises UsageError unless it is a positive finite number."""
        match = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(?:/\s*([0-9.eE+-]+))?\s*", text)
        try:
            value = float(match[1]) / float(match[2] or 1) if match else math.nan
        except (ValueError, ZeroDivisionError):
            value = math.nan
        if not (math.isfinite(value) and value > 0):
            raise UsageError(f"--eps is {text!r}, expected a positive number", "write it as 8/255 or 0.031")
        return cls(text.strip(), value)
