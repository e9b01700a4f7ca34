"""A section a comparison: flip sets, NFR and PFR, AUCs, margins by set and flip rates by margin."""

from collections.abc import Iterator, Sequence

from thinice_tui.analysis.comparison import Analysis, Comparison
from thinice_tui.report.document.blocks import Block, Heading, Paragraph, Table, columns
from thinice_tui.report.document.cells import Number, auc_number, in_words
from thinice_tui.report.sections.capture import capture_section
from thinice_tui.report.sections.flip_kinds import flip_kinds_section
from thinice_tui.report.sections.flip_rate_plot import flip_rate_plot
from thinice_tui.report.sections.margins_plot import margins_plot
from thinice_tui.report.sections.overestimation import overestimation_compared

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
    yield from overestimation_compared(analysis, comparison)
    margins = analysis.run.models[0].clean_margin
    yield margins_plot(margins, comparison.sets.by_name(), "dense logit margin on the clean image")
    if comparison.flip_rate:
        yield flip_rate_plot(analysis, [comparison, *([beside] if beside else [])])
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
