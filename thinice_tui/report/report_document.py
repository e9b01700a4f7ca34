"""The report as blocks, section by section: what every format writes."""

from collections.abc import Iterator, Sequence

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.report.document.blocks import Block
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
from thinice_tui.report.sections.provenance import provenance
from thinice_tui.report.sections.reliability import reliability
from thinice_tui.report.sections.stages import stages_section


def report_document(analysis: Analysis, more: Sequence[Block] = ()) -> Iterator[Block]:
    """The whole report: the comparison of the models first, how it was made last.

    more: what other runs of the same models add.
    """
    control = next((c for c in analysis.comparisons if c.other.record.role == "control"), None)
    yield from header(analysis)
    yield from models_table(analysis)
    yield from reliability(analysis)
    yield from stages_section(analysis)
    yield from audit_section(analysis)
    yield from claims_section(analysis)
    yield from excess_section(analysis)
    yield from ladder_section(analysis)
    yield from more
    if analysis.run.alone:
        yield from dense_alone(analysis)
    for comparison in analysis.comparisons:
        yield from comparison_section(analysis, comparison, control)
    yield from distances_section(analysis)
    yield from notes(analysis)
    yield from provenance(analysis)
    yield from methods(analysis)
