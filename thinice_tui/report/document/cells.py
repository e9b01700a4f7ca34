"""The cells of a report's tables: words, counts, and numbers with their intervals."""

import math
from dataclasses import dataclass
from typing import Literal

from thinice_tui.analysis.auc import Auc
from thinice_tui.analysis.proportions import Estimate

UNKNOWN = "–"
"""What is shown where a number is not known."""
POINTS = "points"
"""The unit of a difference of two percentages."""
Bound = Literal["", "≤", "≥"]


@dataclass(frozen=True)
class Number:
    """A number in its column's unit. low, high: the ends of its interval, NaN: none. bound: ≤ for an upper bound."""

    value: float
    low: float = math.nan
    high: float = math.nan
    digits: int = 1
    bound: Bound = ""

    @property
    def shown(self) -> str:
        """The number alone: `≤ 32.7`."""
        if math.isnan(self.value):
            return UNKNOWN
        return f"{self.bound} {self.value:.{self.digits}f}".strip()

    @property
    def interval(self) -> str:
        """`[29.9, 35.7]`; empty where there is none."""
        if math.isnan(self.value) or math.isnan(self.low) or math.isnan(self.high):
            return ""
        return f"[{self.low:.{self.digits}f}, {self.high:.{self.digits}f}]"


@dataclass(frozen=True)
class Doubtful:
    """A value that gives reason to doubt; shown with a sign, not by colour alone."""

    text: str


Cell = str | int | Number | Doubtful | None
"""None: not known."""


def percent(estimate: Estimate | None, bound: Bound = "") -> Number | None:
    """A fraction in percent, with its interval; None where it is unknown."""
    if estimate is None or math.isnan(estimate.value):
        return None
    return Number(100 * estimate.value, 100 * estimate.low, 100 * estimate.high, bound=bound)


def number(estimate: Estimate, digits: int = 1) -> Number | None:
    """An estimate in its own unit, with its interval; None where it is unknown."""
    return Number(estimate.value, estimate.low, estimate.high, digits=digits) if estimate.known else None


def p_value(p: float) -> str | None:
    """`0.03`, `2.1e-06`; None where no test was made."""
    return None if math.isnan(p) else f"{p:.2g}"


def auc_number(auc: Auc) -> Number | None:
    """An AUC with its interval; None where it is unknown."""
    return None if math.isnan(auc.value) else Number(auc.value, auc.low, auc.high, digits=2)


def words(cell: Cell) -> str:
    """A cell on one line, in plain text."""
    if isinstance(cell, Number):
        return f"{cell.shown} {cell.interval}".strip()
    if isinstance(cell, Doubtful):
        return f"{cell.text} !"
    return UNKNOWN if cell is None else str(cell)


def in_words(estimate: Estimate | None, unit: str = "%") -> str:
    """`6.1 % [4.8, 7.8]`: a fraction within a sentence; of a difference the unit is POINTS."""
    return UNKNOWN if estimate is None else estimate.in_words(unit)
