"""What a reader may conclude from a comparison, and what not."""

from collections.abc import Iterator

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.report.document.blocks import Block, Heading, Paragraph

CAUTION = (
    "Each model is attacked white-box, on its own. An association is no cause: any retrained model flips low-margin "
    "samples."
)


def notes(analysis: Analysis) -> Iterator[Block]:
    """How AUCs are read, and that an association is no cause; nothing where nothing is compared."""
    if not analysis.comparisons:
        return
    yield Heading("How to read this", level=3)
    yield Paragraph(
        "AUC of two sets: P(dense margin in the first < in the second). S01, S00: where dense fails, near to its "
        f"boundary is the higher margin, so below 0.5. {CAUTION}",
        quiet=True,
    )
