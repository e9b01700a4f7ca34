"""A section a comparison: flip sets, NFR and PFR, AUCs, margins by set and flip rates by margin."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from thinice_tui.analysis.comparison import Analysis, Comparison
from thinice_tui.plots.flip_rate import FlipRates, flip_rate_by_margin
from thinice_tui.report.document.blocks import Block, Heading, Paragraph, Plot, Table, columns
from thinice_tui.report.document.cells import Number, auc_number, in_words
from thinice_tui.report.document.charts import Chart, Series
from thinice_tui.report.sections.capture import capture_section
from thinice_tui.report.sections.flip_kinds import flip_kinds_section
from thinice_tui.report.sections.margins_plot import margins_plot
from thinice_tui.report.sections.overestimation import overestimation, overestimation_compared
from thinice_tui.report.sections.run_words import number_of

MEANINGS = {
    "S11": "● held by both",
    "S10": "▼ held by dense, lost",
    "S01": "▲ not held by dense, gained",
    "S00": "○ held by neither",
}


def comparison_section(analysis: Analysis, comparison: Comparison, control: Comparison | None) -> Iterator[Block]:
    """Everything on dense against one other model; control: the run's control, shown beside it where it is another."""
    record = comparison.other.record
    role = "  (control: retrained without pruning)" if record.role == "control" else ""
    beside = None if control is comparison else control
    yield Heading(f"dense → {record.name}{role}")
    yield _sets_table(comparison)
    yield Paragraph(
        f"NFR {in_words(comparison.nfr)}, PFR {in_words(comparison.pfr)}, McNemar exact p = {comparison.mcnemar_p:.2g}"
    )
    yield _auc_table(comparison, beside)
    if comparison.gap is not None:
        yield overestimation(analysis, comparison.gap)
        yield from overestimation_compared(analysis, comparison)
    margins = analysis.run.models[0].clean_margin
    yield margins_plot(margins, comparison.sets.by_name(), "dense logit margin on the clean image")
    if comparison.flip_rate:
        yield _flip_rate_plot(analysis, comparison, beside)
        yield _flip_rate_table(comparison)
    yield from capture_section(analysis, comparison)
    yield from flip_kinds_section(analysis, comparison)


def _sets_table(comparison: Comparison) -> Table:
    counts, clean = comparison.sets.counts(), comparison.clean_sets.counts()
    return Table(
        "Flip sets, by robust and by clean correctness",
        columns("set", "dense, then other", "robust", "clean", left=["dense, then other"]),
        [(name, meaning, counts[name], clean[name]) for name, meaning in MEANINGS.items()],
    )


def _auc_table(comparison: Comparison, control: Comparison | None) -> Table:
    found = [
        ("S10, S11", comparison.auc_s10_s11),
        ("S01, S00", comparison.auc_s01_s00),
        ("S10, S11 attacked", comparison.adversarial_auc_s10_s11),
    ]
    if control is not None:
        found.insert(1, ("S10, S11 control", control.auc_s10_s11))
    return Table(
        "AUC of the dense margin (95 % intervals)",
        columns("sets", "AUC", "n", "so", left=["so"]),
        [(name, auc_number(auc), f"{auc.flipped}, {auc.kept}", auc.verdict) for name, auc in found],
    )


def _flip_rate_plot(analysis: Analysis, comparison: Comparison, control: Comparison | None) -> Plot:
    shown = [comparison] if control is None else [comparison, control]
    rates = [FlipRates(one.other.record.name, one.flip_rate, number_of(analysis, one)) for one in shown]
    groups = len(comparison.flip_rate)
    first, last = (100 * comparison.flip_rate[number].rate for number in (0, -1))
    return Plot(
        Chart(
            f"Flip rate of the samples dense holds, n={sum(rate.n for rate in comparison.flip_rate)}",
            f"dense margin, {groups} groups of equal size, lowest first",
            "flip rate, %",
            "points",
            [_flip_rate_series(one) for one in rates],
            [str(group + 1) for group in range(groups)],
            percent=True,
        ),
        partial(flip_rate_by_margin, rates),
        f"Flip rate of {comparison.other.record.name} by dense margin: {first:.1f} % in the group of the lowest "
        f"margins, {last:.1f} % in that of the highest.",
    )


def _flip_rate_series(one: FlipRates) -> Series:
    y, low, high = (100 * np.array([getattr(rate, name) for rate in one.rates]) for name in ("rate", "low", "high"))
    return Series(f"{one.name} ± 95 %", np.arange(len(y), dtype=float), y, one.number, low, high)


def _flip_rate_table(comparison: Comparison) -> Table:
    rows: Sequence[Sequence[str | int | Number]] = [
        (
            f"{rate.margin_low:.3f} to {rate.margin_high:.3f}",
            rate.flips,
            rate.n,
            Number(100 * rate.rate, 100 * rate.low, 100 * rate.high),
        )
        for rate in comparison.flip_rate
    ]
    return Table(
        "Flip rate S10/(S10+S11) by dense margin (95 % intervals)",
        columns("dense margin", "flips", "of", "rate %"),
        rows,
    )
