"""The section of a run of one model: its margins, without flip sets."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.analysis.flip_sets import flip_sets
from thinice_tui.analysis.live_sets import ALONE_SETS
from thinice_tui.plots.margins import margins_by_set
from thinice_tui.report.sections.overestimation import overestimation


def dense_alone(analysis: Analysis, width: int, plot_height: int) -> Iterator[RenderableType]:
    """The dense model's margins, robust samples and broken ones apart."""
    run, (summary,) = analysis.run, analysis.models
    if summary.gap is not None:
        yield overestimation(analysis, summary.gap)
    if analysis.through:
        robust = robust_correct(run, summary.model, analysis.through)
        yield Text()
        yield margins_by_set(
            run.models[0].clean_margin,
            flip_sets(robust, robust).by_name(),
            width,
            plot_height,
            "logit margin on the clean image",
            set_names=ALONE_SETS,
        )
    yield Text("One model alone. Flip sets need a pruned one: thinice-tui compare DENSE PRUNED", style="dim")
