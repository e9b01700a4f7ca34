"""The section of a run of one model: its margins, without flip sets."""

from collections.abc import Iterator

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.analysis.flip_sets import flip_sets
from thinice_tui.analysis.live_sets import ALONE_SETS
from thinice_tui.report.document.blocks import Block, Paragraph
from thinice_tui.report.sections.margins_plot import margins_plot
from thinice_tui.report.sections.overestimation import overestimation


def dense_alone(analysis: Analysis) -> Iterator[Block]:
    """The dense model's margins, robust samples and broken ones apart."""
    run, (summary,) = analysis.run, analysis.models
    if summary.gap is not None:
        yield overestimation(analysis, summary.gap)
    if analysis.through:
        robust = robust_correct(run, summary.model, analysis.through)
        sets = flip_sets(robust, robust).by_name()
        yield margins_plot(run.models[0].clean_margin, sets, "logit margin on the clean image", ALONE_SETS)
    yield Paragraph("One model alone. Flip sets need a pruned one: thinice-tui compare DENSE PRUNED", quiet=True)
