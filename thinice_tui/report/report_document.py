"""The report as blocks, section by section: what every format writes, and the brief text."""

from collections.abc import Iterable, Iterator, Sequence

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.report.document.blocks import Block, Notice, Plot
from thinice_tui.report.sections.audit import audit_section
from thinice_tui.report.sections.claims import claims_section
from thinice_tui.report.sections.comparison import comparison_section
from thinice_tui.report.sections.dense_alone import dense_alone
from thinice_tui.report.sections.distances import distances_section
from thinice_tui.report.sections.excess import excess_section
from thinice_tui.report.sections.header import header
from thinice_tui.report.sections.ladder import ladder_section
from thinice_tui.report.sections.methods import methods
from thinice_tui.report.sections.models import models_table
from thinice_tui.report.sections.notes import notes
from thinice_tui.report.sections.overview import overview
from thinice_tui.report.sections.provenance import provenance
from thinice_tui.report.sections.reliability import reliability
from thinice_tui.report.sections.stages import stages_section

COMPARISONS = (
    "every model against dense in full (margins by set, flip rates by margin and by class, kinds of losses, losses "
    "within the lowest margins, which margin separates best), "
)
OF_EVERY_RUN = (
    "the plots of stages and distances, and the methods paragraph with its BibTeX entries. --full prints them; -o "
    "NAME.html, .md, .tex and .json hold them."
)


def report_document(analysis: Analysis, more: Sequence[Block] = ()) -> Iterator[Block]:
    """The whole report: the comparison of the models first, how it was made last.

    more: what other runs of the same models add.
    """
    control = next((c for c in analysis.comparisons if c.other.record.role == "control"), None)
    yield from _of_the_run(analysis)
    yield from more
    if analysis.run.alone:
        yield from dense_alone(analysis)
    for comparison in analysis.comparisons:
        yield from comparison_section(analysis, comparison, control)
    yield from distances_section(analysis)
    yield from notes(analysis)
    yield from provenance(analysis)
    yield from methods(analysis)


def brief_document(analysis: Analysis, more: Sequence[Block] = ()) -> Iterator[Block]:
    """The same without what is long, for a terminal: models are compared in one table. A note says what is left out."""
    yield from _without_plots(_of_the_run(analysis))
    yield from more
    if analysis.run.alone:
        yield from dense_alone(analysis)
    yield from overview(analysis)
    yield from _without_plots(distances_section(analysis))
    yield from provenance(analysis)
    yield Notice("note", f"Left out here: {COMPARISONS if analysis.comparisons else ''}{OF_EVERY_RUN}")


def _of_the_run(analysis: Analysis) -> Iterator[Block]:
    """What is said of all models together."""
    yield from header(analysis)
    yield from models_table(analysis)
    yield from reliability(analysis)
    yield from stages_section(analysis)
    yield from audit_section(analysis)
    yield from claims_section(analysis)
    yield from excess_section(analysis)
    yield from ladder_section(analysis)


def _without_plots(blocks: Iterable[Block]) -> Iterator[Block]:
    return (block for block in blocks if not isinstance(block, Plot))
