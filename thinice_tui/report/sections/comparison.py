"""A section a comparison: flip sets, NFR and PFR, AUCs, margins by set and flip rates by margin."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from thinice_tui.analysis.comparison import Analysis, Comparison
from thinice_tui.plots.flip_rate import FlipRates, flip_rate_by_margin
from thinice_tui.plots.margins import margins_by_set
from thinice_tui.report.sections.overestimation import overestimation
from thinice_tui.report.sections.percent import percent

MEANINGS = {
    "S11": "● held by both",
    "S10": "▼ held when dense, lost",
    "S01": "▲ lost when dense, gained",
    "S00": "○ lost by both",
}


def comparison_section(
    analysis: Analysis, comparison: Comparison, control: Comparison | None, width: int, plot_height: int
) -> Iterator[RenderableType]:
    """Everything on dense against one other model; control: the run's control, shown beside it where it is another."""
    record = comparison.other.record
    title = Text(f"dense → {record.name}", style="bold")
    if record.role == "control":
        title.append("  (control: retrained without pruning)")
    yield title
    yield _sets_table(comparison)
    yield Text(
        f"NFR {percent(comparison.nfr)} %, PFR {percent(comparison.pfr)} %, "
        f"McNemar exact p = {comparison.mcnemar_p:.2g}"
    )
    beside = None if control is comparison else control
    yield _auc_table(comparison, beside)
    if comparison.gap is not None:
        yield overestimation(analysis, comparison.gap)
    yield Text()
    margins, sets = analysis.run.models[0].clean_margin, comparison.sets.by_name()
    yield margins_by_set(margins, sets, width, plot_height, "dense logit margin on the clean image")
    if comparison.flip_rate:
        yield flip_rate_by_margin(_flip_rate_series(comparison, beside), width, plot_height)
        yield _flip_rate_table(comparison)


def _sets_table(comparison: Comparison) -> Table:
    counts, clean = comparison.sets.counts(), comparison.clean_sets.counts()
    table = Table(show_header=True)
    table.add_column("set")
    table.add_column("dense, then other")
    table.add_column("robust", justify="right")
    table.add_column("clean", justify="right")
    for name, meaning in MEANINGS.items():
        table.add_row(name, meaning, str(counts[name]), str(clean[name]))
    return table


def _auc_table(comparison: Comparison, control: Comparison | None) -> Table:
    table = Table(title="AUC of the dense margin (95 % intervals)", title_justify="left")
    table.title_style = "bold"
    table.add_column("sets")
    for name in ("AUC", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("so")
    rows = [
        ("S10, S11", comparison.auc_s10_s11),
        ("S01, S00", comparison.auc_s01_s00),
        ("S10, S11 attacked", comparison.adversarial_auc_s10_s11),
    ]
    if control is not None:
        rows.insert(1, ("S10, S11 control", control.auc_s10_s11))
    for name, auc in rows:
        table.add_row(name, auc.shown, f"{auc.flipped}, {auc.kept}", auc.verdict)
    return table


def _flip_rate_series(comparison: Comparison, control: Comparison | None) -> Sequence[FlipRates]:
    shown = [comparison] if control is None else [comparison, control]
    return [FlipRates(one.other.record.name, one.flip_rate) for one in shown]


def _flip_rate_table(comparison: Comparison) -> Table:
    table = Table(title="Flip rate S10/(S10+S11) by dense margin", title_justify="left", title_style="bold")
    for column in ("dense margin", "flips", "of", "rate", "95 % interval"):
        table.add_column(column, justify="right")
    for rate in comparison.flip_rate:
        table.add_row(
            f"{rate.margin_low:.3f} to {rate.margin_high:.3f}",
            str(rate.flips),
            str(rate.n),
            f"{100 * rate.rate:.1f} %",
            f"[{100 * rate.low:.1f}, {100 * rate.high:.1f}]",
        )
    return table
