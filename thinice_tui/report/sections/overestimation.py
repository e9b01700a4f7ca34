"""The sentences on how far a weak attack alone overestimates robust accuracy, here and against dense."""

from collections.abc import Iterator

from thinice_tui.analysis.comparison import Analysis, Comparison, Gap
from thinice_tui.analysis.overestimation import gap_difference
from thinice_tui.report.document.blocks import Block, Paragraph
from thinice_tui.report.document.cells import POINTS, in_words


def overestimation_compared(analysis: Analysis, comparison: Comparison) -> Iterator[Block]:
    """Whether the weak attack overestimates this model more than dense; nothing where it is not known."""
    found = gap_difference(analysis, comparison)
    if found is not None:
        yield Paragraph(
            f"The gap is {in_words(found.gap, POINTS)} here and {in_words(found.dense_gap, POINTS)} for dense, a "
            f"difference of {in_words(found.difference, POINTS)}, paired over samples: {found.verdict}."
        )


def overestimation(analysis: Analysis, gap: Gap) -> Paragraph:
    """Robust accuracy under the weak attack against that under the ensemble; a lower bound while the run goes on."""
    return Paragraph(
        f"Overestimation by {gap.weak_attack} alone: {100 * gap.weak:.1f} % against {100 * gap.ensemble:.1f} %, "
        f"{'' if analysis.complete else 'at least '}{100 * gap.gap:.1f} points"
    )
