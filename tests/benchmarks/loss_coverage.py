"""Simulates how often the intervals of the loss statistics hold the true value; called by tests/benchmarks/coverage.py.

Excess and odds ratio: margins are exponential; the control loses a sample with the probability expit(base − margin),
the pruned model with expit(base + excess − margin), and for a share of the samples both by the same random number.
Capture: the flip rate is a function of the margin's quantile. AUCs: two normal scores of the same samples.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from thinice_tui.analysis.capture import captured_within
from thinice_tui.analysis.excess import matched_odds_ratio
from thinice_tui.analysis.paired import paired_difference
from thinice_tui.analysis.separation import auc_differences

Array = NDArray[np.float64]
Rate = Callable[[Array, float], Array]
SHAPES: dict[str, Rate] = {
    "flat": lambda quantile, rate: np.full_like(quantile, rate),
    "falling": lambda quantile, rate: 2 * rate * (1 - quantile),
    "steep": lambda quantile, rate: np.minimum(1, 5 * rate * np.exp(-5 * quantile)),
    "cliff": lambda quantile, rate: np.where(quantile < 0.3, min(1, 3 * rate), 0.02),
    "rising": lambda quantile, rate: 2 * rate * quantile,
}
GRID = (np.arange(200_000) + 0.5) / 200_000


@dataclass(frozen=True)
class Coverage:
    """covered: the share of the intervals that hold the true value; without: the share of draws without an interval."""

    covered: float
    without: float

    @property
    def shown(self) -> str:
        return f"{100 * self.covered:.1f}" + (f" ({100 * self.without:.0f} % none)" if self.without else "")


def coverage(found: Iterator[tuple[float, float]], truth: float) -> Coverage:
    low, high = np.array(list(found)).T
    known = ~np.isnan(low)
    inside = (low[known] <= truth + 1e-12) & (truth - 1e-12 <= high[known])
    return Coverage(float(inside.mean()) if known.any() else math.nan, float(1 - known.mean()))


def difference_coverage(n: int, more: float, fewer: float, draws: int, seed: int) -> Coverage:
    """Shares of samples that are in the first mask alone, and in the second alone."""
    random = np.random.default_rng(seed)

    def intervals() -> Iterator[tuple[float, float]]:
        for _ in range(draws):
            place = random.random(n)
            one = paired_difference(place < more, (place >= more) & (place < more + fewer))
            yield one.low, one.high

    return coverage(intervals(), more - fewer)


def odds_coverage(n: int, base: float, excess: float, shared: float, draws: int, seed: int) -> Coverage:
    """n samples that dense holds; the truth is Mantel and Haenszel's ratio in the population's deciles."""
    random = np.random.default_rng(seed)
    deciles = -np.log1p(-GRID).reshape(10, -1)
    pruned, control = (expit(base + more - deciles).mean(axis=1) for more in (excess, 0.0))
    truth = (pruned * (1 - control)).sum() / (control * (1 - pruned)).sum()

    def intervals() -> Iterator[tuple[float, float]]:
        for _ in range(draws):
            margins, one = random.exponential(1, n), random.random(n)
            other = np.where(random.random(n) < shared, one, random.random(n))
            found = matched_odds_ratio(margins, one < expit(base + excess - margins), other < expit(base - margins))
            yield found.low, found.high

    return coverage(intervals(), truth)


def capture_coverage(n: int, shape: str, rate: float, share: float, draws: int, seed: int) -> Coverage:
    random, curve = np.random.default_rng(seed), SHAPES[shape]
    expected = curve(GRID, rate)
    truth = expected[share > GRID].sum() / expected.sum()

    def intervals() -> Iterator[tuple[float, float]]:
        for _ in range(draws):
            lost = random.random(n) < curve(np.sort(random.random(n)), rate)
            found = captured_within(np.concatenate([[0.0], np.cumsum(lost)]), share)
            yield found.low, found.high

    return coverage(intervals(), float(truth))


def auc_difference_coverage(
    lost: int, kept: int, aucs: tuple[float, float], correlation: float, draws: int, seed: int
) -> Coverage:
    random = np.random.default_rng(seed)
    shift = math.sqrt(2) * norm.ppf(aucs)[:, None]
    spread = np.linalg.cholesky(np.array([[1, correlation], [correlation, 1]]))

    def intervals() -> Iterator[tuple[float, float]]:
        for _ in range(draws):
            one, other = spread @ random.normal(size=(2, lost)), spread @ random.normal(size=(2, kept)) + shift
            ((found, _),) = auc_differences(one, other, [(0, 1)])
            yield found.low, found.high

    return coverage(intervals(), aucs[1] - aucs[0])


def loss_tables(draws: int, seed: int) -> None:
    """Print a table for each statistic."""
    print("| share in the first alone, in the second alone | 200 | 1000 | 10000 |\n|---|---|---|---|", flush=True)
    for more, fewer in ((0.0, 0.0), (0.002, 0.002), (0.01, 0.0), (0.05, 0.005), (0.1, 0.03), (0.2, 0.1)):
        cells = [difference_coverage(n, more, fewer, draws, seed).shown for n in (200, 1000, 10_000)]
        print(f"| {more:g}, {fewer:g} | {' | '.join(cells)} |", flush=True)
    print("\n| control loses, odds ratio, shared | 100 | 300 | 2000 |\n|---|---|---|---|", flush=True)
    for base in (-3.0, -2.0, 0.0):
        for excess in (0.0, 1.0, 2.5):
            for shared in (0.0, 0.8):
                cells = [odds_coverage(n, base, excess, shared, draws, seed).shown for n in (100, 300, 2000)]
                loses = 100 * expit(base + np.log1p(-GRID)).mean()
                name = f"{loses:.1f} %, {math.exp(excess):.1f}, {100 * shared:.0f} %"
                print(f"| {name} | {' | '.join(cells)} |", flush=True)
    print("\n| flip rate by margin | lowest | 60 | 300 | 2000 |\n|---|---|---|---|---|", flush=True)
    for shape in SHAPES:
        for share in (0.2, 0.5):
            cells = [
                " ".join(capture_coverage(n, shape, rate, share, draws, seed).shown for rate in (0.1, 0.25, 0.45))
                for n in (60, 300, 2000)
            ]
            print(f"| {shape} | {100 * share:.0f} % | {' | '.join(cells)} |", flush=True)
    print("\n| AUCs | correlation | 12, 100 | 30, 100 | 100, 300 | 100, 30 |\n|---|---|---|---|---|---|", flush=True)
    for aucs in ((0.5, 0.5), (0.6, 0.7), (0.7, 0.7), (0.7, 0.9), (0.9, 0.9)):
        for correlation in (0.0, 0.7, 0.95):
            cells = [
                auc_difference_coverage(lost, kept, aucs, correlation, draws, seed).shown
                for lost, kept in ((12, 100), (30, 100), (100, 300), (100, 30))
            ]
            print(f"| {aucs[0]:g}, {aucs[1]:g} | {correlation:g} | {' | '.join(cells)} |", flush=True)
