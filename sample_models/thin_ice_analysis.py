"""The thin-ice experiment's numbers: from the table of all runs to the results on its page."""

import csv
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.paired import holm
from thinice_tui.analysis.proportions import Z
from thinice_tui.analysis.several.over_seeds import over_seeds

PAGE = Path(__file__).parent.parent / "docs" / "thin-ice-experiment.md"
TABLE = "thin-ice-experiment.csv"
HEADING = "## Results\n"
NOT_RUN = f"{HEADING}\nNot yet run.\n"
ARMS = ("plain", "up", "down", "random-up", "random-down")
COMPARISONS = (("up", "plain"), ("up", "random-up"), ("down", "plain"), ("down", "random-down"))
"""The four comparisons that were fixed beforehand; Holm's correction is for these."""
POWER = 0.8
COUNTS = ("clean_correct", "robust", "lost", "gained", "excess_lost")
COLUMNS = (
    *("arm", "seed", "cpu_seconds", "samples", *COUNTS),
    *("odds_ratio", "audited", "broken_by_audit", "correct_bits", "standing_bits", "about"),
)
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """One model on n test images."""

    arm: str
    seed: int
    """−1 for the dense model and the control."""
    cpu_seconds: float
    correct: Mask
    standing: Mask
    odds_ratio: float
    """Odds of being lost against the control's, at equal dense margin."""
    audited: int
    broken_by_audit: int

    def lost(self, dense: "Outcome") -> Mask:
        """Bool [n]: robust for dense, not for this model."""
        lost: Mask = dense.standing & ~self.standing
        return lost

    def gained(self, dense: "Outcome") -> Mask:
        """Bool [n]: the other way round."""
        gained: Mask = self.standing & ~dense.standing
        return gained

    def cells(self, dense: "Outcome", control: "Outcome") -> list[object]:
        """Its row in the table, without `about`; bits are hexadecimal, the first sample in the highest bit."""
        lost = int(self.lost(dense).sum())
        counts = int(self.correct.sum()), int(self.standing.sum()), lost, int(self.gained(dense).sum())
        return [
            *(self.arm, self.seed if self.seed >= 0 else "", f"{self.cpu_seconds:.1f}", len(self.correct), *counts),
            lost - int(control.lost(dense).sum()),
            "" if math.isnan(self.odds_ratio) else f"{self.odds_ratio:.4f}",
            *(self.audited, self.broken_by_audit, bits(self.correct), bits(self.standing)),
        ]


def bits(mask: Mask) -> str:
    """A mask as hexadecimal digits."""
    return np.packbits(mask).tobytes().hex()


def mask_of(text: str, n: int) -> Mask:
    """The mask of n samples that `bits` wrote."""
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8), count=n).astype(bool)


def read_table(path: Path) -> tuple[list[Outcome], dict[str, Any]]:
    """All rows, the dense model and the control first, and how they were made."""
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    outcomes = [
        Outcome(
            arm=row["arm"],
            seed=int(row["seed"] or -1),
            cpu_seconds=float(row["cpu_seconds"]),
            correct=mask_of(row["correct_bits"], int(row["samples"])),
            standing=mask_of(row["standing_bits"], int(row["samples"])),
            odds_ratio=float(row["odds_ratio"] or "nan"),
            audited=int(row["audited"]),
            broken_by_audit=int(row["broken_by_audit"]),
        )
        for row in rows
    ]
    return outcomes, json.loads(rows[0]["about"])


@dataclass(frozen=True)
class Difference:
    """NFR of one arm minus that of another, seed by seed; in points. NaN where there are too few seeds."""

    arms: tuple[str, str]
    mean: float
    over_seeds: tuple[float, float]
    over_samples: tuple[float, float]
    p: float
    seen: float
    """The smallest true difference that a paired t test over these seeds finds with a power of 80 %."""


def difference(arms: tuple[str, str], first: NDArray[np.float64], second: NDArray[np.float64]) -> Difference:
    """Of 0 or 1 for each seed and sample, [seeds, n] each.

    Over seeds: Student's paired t. Over samples: normal, of each sample's mean over seeds.
    """
    from scipy.stats import t

    change = 100 * (first - second)
    by_seed, by_sample = change.mean(axis=1), change.mean(axis=0)
    found = over_seeds(by_seed.tolist()).mean
    mean, reach = float(change.mean()), Z * float(by_sample.std(ddof=1)) / math.sqrt(len(by_sample))
    seeds, p, seen = len(by_seed), math.nan, math.nan
    if not math.isnan(found.low):
        error = float(by_seed.std(ddof=1)) / math.sqrt(seeds)
        p = 2 * float(t.sf(abs(mean) / error, seeds - 1)) if error > 0 else float(mean == 0)
        seen = float(t.ppf(0.975, seeds - 1) + t.ppf(POWER, seeds - 1)) * error
    return Difference(arms, mean, (found.low, found.high), (mean - reach, mean + reach), p, seen)


def verdict(found: Difference, p_holm: float) -> str:
    """What the rule that was fixed beforehand says."""
    if math.isnan(p_holm):
        return "too few seeds to tell"
    low, high = found.over_samples
    if p_holm < 0.05 and not low <= 0 <= high:
        return f"{found.arms[0]} loses {'fewer' if found.mean < 0 else 'more'}"
    return "cannot be told apart"


def results(table: Path) -> str:
    """The page from its heading `Results` on."""
    outcomes, about = read_table(table)
    dense, control = outcomes[:2]
    by_arm = {arm: [one for one in outcomes if one.arm == arm] for arm in ARMS}
    lost = {arm: np.array([one.lost(dense) for one in found], dtype=float) for arm, found in by_arm.items()}
    found = [difference(pair, lost[pair[0]], lost[pair[1]]) for pair in COMPARISONS]
    corrected = holm([one.p for one in found])
    parts = [HEADING, _conditions(outcomes, about), "### Primary outcome: NFR\n", _primary(found, corrected)]
    parts += [
        "### All outcomes\n",
        _arms(by_arm, dense, control),
        "### Clean and robust accuracy\n",
        _secondary(by_arm),
    ]
    return "\n".join(parts)


def with_results(page: str, text: str) -> str:
    """The page with `text` in place of its results."""
    head, heading, _ = page.partition(HEADING)
    if not heading:
        raise SystemExit(f"the page has no heading {HEADING.strip()!r}")
    return head + text


def _conditions(outcomes: list[Outcome], about: dict[str, Any]) -> str:
    tuned = outcomes[2:]
    hours = sum(one.cpu_seconds for one in tuned) / 3600
    audited, broken = sum(one.audited for one in outcomes), sum(one.broken_by_audit for one in outcomes)
    trial = "" if about["fixed"] else f"**A trial, not the experiment**: its settings are {_settings(about)}.\n\n"
    return (
        f"{trial}{len(tuned)} fine-tunes of {about['epochs']} epochs of {about['images']} images, {hours:.1f} "
        f"processor hours without attacks; {len(outcomes[0].correct)} test images; torch {about['versions']['torch']}. "
        f"The audits of all models attacked {audited} samples and broke {broken}. Every run: [{TABLE}]({TABLE}).\n"
    )


def _settings(about: dict[str, Any]) -> str:
    left_out = ("fixed", "versions", "dense sha256", "control sha256")
    return ", ".join(f"{name} {value}" for name, value in about.items() if name not in left_out)


def _primary(found: list[Difference], corrected: list[float]) -> str:
    rows = [
        f"| {one.arms[0]} − {one.arms[1]} | {one.mean:+.2f} | {_interval(one.over_seeds)} "
        f"| {_interval(one.over_samples)} | {_p(one.p)} | {_p(p)} | {_number(one.seen)} | {verdict(one, p)} |"
        for one, p in zip(found, corrected, strict=True)
    ]
    return (
        "Differences of NFR in points; below 0 the first arm loses fewer samples.\n\n"
        "| arms | difference | 95 % over seeds | 95 % over samples | p | Holm | could have been seen | so |\n"
        "|---|---|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def _arms(by_arm: dict[str, list[Outcome]], dense: Outcome, control: Outcome) -> str:
    rows = [_row(arm, found, dense, control) for arm, found in by_arm.items()]
    rows += [_row("control", [control], dense, control), _row("dense", [dense], dense, control)]
    return (
        "In %, the mean over seeds, with the lowest and the highest; excess: NFR minus the control's, so that its "
        "differences between arms are those of NFR; odds: of being lost, against the control's at equal dense "
        "margin.\n\n"
        "| arm | NFR | PFR | clean accuracy | robust accuracy | excess | odds |\n|---|---|---|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def _row(arm: str, found: list[Outcome], dense: Outcome, control: Outcome) -> str:
    base = control.lost(dense).mean()
    shares = [
        [one.lost(dense).mean() for one in found],
        [one.gained(dense).mean() for one in found],
        [one.correct.mean() for one in found],
        [one.standing.mean() for one in found],
        [one.lost(dense).mean() - base for one in found],
    ]
    cells = [_range([100 * float(value) for value in values]) for values in shares]
    return f"| {arm} | {' | '.join(cells)} | {_range([one.odds_ratio for one in found])} |"


def _secondary(by_arm: dict[str, list[Outcome]]) -> str:
    rows = []
    for pair in COMPARISONS:
        cells = []
        for name in ("correct", "standing"):
            first, second = (np.array([getattr(one, name) for one in by_arm[arm]], dtype=float) for arm in pair)
            one = difference(pair, first, second)
            cells += [f"{one.mean:+.2f}", _interval(one.over_seeds), _interval(one.over_samples)]
        rows.append(f"| {pair[0]} − {pair[1]} | {' | '.join(cells)} |")
    return (
        "Differences in points, not corrected for their number.\n\n"
        "| arms | clean | 95 % over seeds | 95 % over samples | robust | 95 % over seeds | 95 % over samples |\n"
        "|---|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def _range(values: list[float]) -> str:
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return "–"
    mean = f"{sum(known) / len(known):.1f}"
    return mean if len(values) == 1 else f"{mean} ({min(known):.1f} to {max(known):.1f})"


def _interval(ends: tuple[float, float]) -> str:
    return "–" if math.isnan(ends[0]) else f"[{ends[0]:+.2f}, {ends[1]:+.2f}]"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _p(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
