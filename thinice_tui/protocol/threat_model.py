"""What an adversarial image may be: within `eps` of the clean one, by a norm, with pixels in [0,1]."""

import math
import re
from dataclasses import dataclass
from typing import Literal

from thinice_tui.errors import UsageError

Norm = Literal["Linf", "L2"]
NORMS: tuple[Norm, ...] = ("Linf", "L2")
DEFAULT_EPS: dict[Norm, str] = {"Linf": "8/255", "L2": "0.5"}


@dataclass(frozen=True)
class Epsilon:
    """A perturbation budget, as typed and as a number in units of [0,1] pixels."""

    text: str
    value: float

    @classmethod
    def parse(cls, text: str) -> "Epsilon":
        """Read `8/255` or `0.031`; raise UsageError unless it is a positive finite number."""
        match = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(?:/\s*([0-9.eE+-]+))?\s*", text)
        try:
            value = float(match[1]) / float(match[2] or 1) if match else math.nan
        except (ValueError, ZeroDivisionError):
            value = math.nan
        if not (math.isfinite(value) and value > 0):
            raise UsageError(f"--eps is {text!r}, expected a positive number", "write it as 8/255 or 0.031")
        return cls(text.strip(), value)
