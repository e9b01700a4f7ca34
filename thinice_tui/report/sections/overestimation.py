"""The sentence on how far a weak attack alone overestimates robust accuracy."""

from thinice_tui.analysis.comparison import Analysis, Gap
from thinice_tui.report.document.blocks import Paragraph


def overestimation(analysis: Analysis, gap: Gap) -> Paragraph:
    """Robust accuracy under the weak attack against that under the ensemble; a lower bound while the run goes on."""
    return Paragraph(
        f"Overestimation by {gap.weak_attack} alone: {100 * gap.weak:.1f} % against {100 * gap.ensemble:.1f} %, "
        f"{'' if analysis.complete else 'at least '}{100 * gap.gap:.1f} points"
    )
