"""Simulates how often the 95 % intervals hold the true value: that of the AUC, and those of the loss statistics.

    python -m tests.benchmarks.coverage
    python -m tests.benchmarks.coverage --draws 1000 --seed 1
    python -m tests.benchmarks.coverage --of losses

Losses: tests/benchmarks/loss_coverage.py. The AUC:
Kept margins are N(d, 1), flipped ones N(0, spread²), and d gives the true AUC. Three variants: normal, rounded to half
the wider spread (ties), and truncated at 0, as those of correctly classified samples are. Prints Markdown.
"""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm, truncnorm

from tests.benchmarks.loss_coverage import loss_tables
from thinice_tui.analysis.auc import auc_intervals, newcombe_interval

Shape = Literal["normal", "rounded", "truncated"]
SHAPES: tuple[Shape, ...] = ("normal", "rounded", "truncated")
SPREADS = {"equal": 1.0, "3×": 3.0, "⅓×": 1 / 3}
GROUPS = ((12, 12), (12, 100), (12, 300), (30, 100), (100, 300), (100, 12), (300, 12))
AUCS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.98)
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Margins:
    """Two distributions of margins. auc: that of the normal and truncated variants; rounding shifts it a little."""

    shape: Shape
    spread: float
    auc: float

    @cached_property
    def _kept_mean(self) -> float:
        """The mean of the kept margins' distribution before truncation."""
        if self.shape != "truncated":
            return float(norm.ppf(self.auc) * np.hypot(self.spread, 1))
        shares = (np.arange(4000) + 0.5) / 4000
        flipped = self.spread * norm.ppf((1 + shares) / 2)
        return float(brentq(lambda d: truncnorm.sf(flipped, -d, np.inf, loc=d).mean() - self.auc, -12, 40))

    @property
    def _step(self) -> float:
        return 0.5 * max(self.spread, 1.0)

    @cached_property
    def truth(self) -> float:
        """The true AUC."""
        if self.shape != "rounded":
            return self.auc
        edges = self._step * (np.arange(-400, 402) - 0.5)
        flipped, kept = np.diff(norm.cdf(edges / self.spread)), np.diff(norm.cdf(edges - self._kept_mean))
        return float(kept @ (np.cumsum(flipped) - flipped / 2))

    def draw(self, random: np.random.Generator, draws: int, flipped: int, kept: int) -> tuple[Array, Array]:
        """Margins [draws, flipped] and [draws, kept]."""
        one = random.normal(0, self.spread, (draws, flipped))
        if self.shape == "truncated":
            d = self._kept_mean
            return np.abs(one), truncnorm.ppf(random.random((draws, kept)), -d, np.inf, loc=d)
        other = random.normal(self._kept_mean, 1, (draws, kept))
        return (one, other) if self.shape == "normal" else (np.rint(one / self._step), np.rint(other / self._step))


@dataclass(frozen=True)
class Cell:
    """covered, before: the shares of draws whose interval, and whose Newcombe interval alone, holds the true AUC;
    associated: the share of draws that say "flips go with low margins"; wider: the median width over Newcombe's."""

    covered: float
    before: float
    associated: float
    wider: float


def simulate(margins: Margins, flipped: int, kept: int, draws: int, seed: int) -> Cell:
    value, low, high = auc_intervals(*margins.draw(np.random.default_rng(seed), draws, flipped, kept))
    newcombe_low, newcombe_high = newcombe_interval(value, flipped, kept)
    truth = margins.truth
    return Cell(
        covered=float(((low <= truth) & (truth <= high)).mean()),
        before=float(((newcombe_low <= truth) & (truth <= newcombe_high)).mean()),
        associated=float((low > 0.5).mean()),
        wider=float(np.median(high - low) / np.median(newcombe_high - newcombe_low)),
    )


def table(draws: int, seed: int) -> None:
    """Print a row for each spread and pair of sizes; each cell holds normal, rounded and truncated margins."""
    aucs = " | ".join(f"{auc:g}" for auc in AUCS)
    print(f"| spread of flipped | flipped, kept | {aucs} | before, lowest | false at 0.5 | width |")
    print("|---" * (len(AUCS) + 5) + "|")
    for name, spread in SPREADS.items():
        for flipped, kept in GROUPS:
            found = {
                (shape, auc): simulate(Margins(shape, spread, auc), flipped, kept, draws, seed)
                for shape in SHAPES
                for auc in AUCS
            }
            cells = [_percents(found[shape, auc].covered for shape in SHAPES) for auc in AUCS]
            lowest = f"{100 * min(cell.before for cell in found.values()):.1f}"
            associated = _percents(found[shape, 0.5].associated for shape in SHAPES)
            wider = f"{max(cell.wider for cell in found.values()):.2f}"
            print("| " + " | ".join([name, f"{flipped}, {kept}", *cells, lowest, associated, wider]) + " |", flush=True)
    print(f"\n{draws} draws a cell: the Monte-Carlo error of 95 % is {100 * np.sqrt(0.95 * 0.05 / draws):.2f} points.")


def _percents(shares: Iterable[float]) -> str:
    return " ".join(f"{100 * share:.1f}" for share in shares)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--of", choices=("auc", "losses"), default="auc")
    arguments = parser.parse_args()
    if arguments.of == "losses":
        loss_tables(arguments.draws, arguments.seed)
        return
    table(arguments.draws, arguments.seed)


if __name__ == "__main__":
    main()
