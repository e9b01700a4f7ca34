"""Every model against dense in one table: the sets, and whether losses go with low margins; for the brief text."""

from collections.abc import Iterator

from thinice_tui.analysis.capture import HEADLINE, capture_of
from thinice_tui.analysis.comparison import Analysis, Comparison
from thinice_tui.report.document.blocks import Block, Heading, Paragraph, Table, columns
from thinice_tui.report.document.cells import Cell, p_value, percent
from thinice_tui.report.sections.flip_rate_plot import flip_rate_plot
from thinice_tui.report.sections.notes import CAUTION
from thinice_tui.report.sections.run_words import model_words

MOST_IN_PLOT = 5
"""Models of which one plot can show the flip rates."""


def overview(analysis: Analysis) -> Iterator[Block]:
    """A row a model, then the flip rates of all; nothing where nothing is compared."""
    if not analysis.comparisons:
        return
    share = f"{100 * HEADLINE:.0f} %"
    yield Heading("Each model against dense")
    yield Table(
        "Flip sets by robust correctness, and the dense margins of the lost",
        columns("model", "S11", "S10", "S01", "S00", "p", "captured %", "so", left=["so"]),
        [_row(analysis, one) for one in analysis.comparisons],
        "S11 ●: held by both; S10 ▼: held by dense, lost; S01 ▲: not held by dense, gained; S00 ○: held by neither. p: "
        f"exact McNemar test of S10 against S01. captured: the share of the losses within the lowest {share} of dense "
        "margins, 95 % interval. so: what the AUC of S10 against S11 allows to say.",
    )
    if analysis.comparisons[0].flip_rate:
        yield flip_rate_plot(analysis, _plotted(analysis))
    yield Paragraph(CAUTION, quiet=True)


def _row(analysis: Analysis, one: Comparison) -> list[Cell]:
    counts = one.sets.counts()
    captured = percent(capture_of(analysis, one).headline)
    return [model_words(one.other.record), *counts.values(), p_value(one.mcnemar_p), captured, one.auc_s10_s11.verdict]


def _plotted(analysis: Analysis) -> list[Comparison]:
    """As many pruned models as there is room for, in their order, and the control."""
    pruned = [one for one in analysis.comparisons if one.other.record.role != "control"]
    controls = [one for one in analysis.comparisons if one.other.record.role == "control"]
    return [*pruned[: MOST_IN_PLOT - len(controls)], *controls]
