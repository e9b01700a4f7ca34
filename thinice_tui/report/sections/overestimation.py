"""The sentences on how far a weak attack alone overestimates robust accuracy, here and against dense."""

from collections.abc import Iterator

from thinice_tui.analysis.comparison import Analysis, Comparison, Gap
from thinice_tui.analysis.overestimation import gap_difference
from thinice_tui.report.document.blocks import Block, Paragraph
from thinice_tui.report.document.cells import POINTS, in_words


def overestimation_compared(analysis: Analysis, comparison: Comparison) -> Iterator[Block]:
    """How far the weak attack overestimates this model, and whether more than dense; nothing where it is not known."""
    found = gap_difference(analysis, comparison)
    if comparison.gap is not None and found is not None:
        yield Paragraph(
            f"{_accuracies(analysis, comparison.gap)}{in_words(found.gap, POINTS)}; for dense "
            f"{in_words(found.dense_gap, POINTS)}. The difference is {in_words(found.difference, POINTS)}, paired over "
            f"samples: {found.verdict}."
        )


def overestimation(analysis: Analysis, gap: Gap) -> Paragraph:
    """Robust accuracy under the weak attack against that under the ensemble; a lower bound while the run goes on."""
    return Paragraph(f"{_accuracies(analysis, gap)}{100 * gap.gap:.1f} points")


def _accuracies(analysis: Analysis, gap: Gap) -> str:
    return (
        f"Overestimation by {gap.weak_attack} alone: {100 * gap.weak:.1f} % against {100 * gap.ensemble:.1f} %, "
        f"{'' if analysis.complete else 'at least '}"
    )
