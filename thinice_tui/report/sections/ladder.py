"""The ladder: which samples fall at which sparsity."""

from collections.abc import Iterator

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.analysis.ladder import ladder_of
from thinice_tui.report.document.blocks import Block, Heading, Table, columns
from thinice_tui.report.document.cells import Number, auc_number, percent


def ladder_section(analysis: Analysis) -> Iterator[Block]:
    """Nothing where fewer than two pruned models are compared."""
    ladder = ladder_of(analysis)
    if ladder is None:
        return
    yield Heading("From sparsity to sparsity")
    yield Table(
        "Pruned models by rising sparsity (95 % intervals)",
        columns("model", "pruned away %", "NFR %", "AUC", "fall here", "regained", "stay lost"),
        [
            (
                rung.comparison.other.record.name,
                Number(100 * rung.pruned_away),
                percent(rung.comparison.nfr),
                auc_number(rung.comparison.auc_s10_s11),
                rung.fallen,
                rung.regained,
                rung.gone,
            )
            for rung in ladder.rungs
        ],
        "Of the samples that dense holds: fall here, those that no model before lost; regained, those that a model "
        f"before lost and this one holds; in all, {int(ladder.regained.sum())} are lost and held again later. "
        "stay lost: those that this and all later models lose.",
    )
