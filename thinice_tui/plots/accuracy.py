"""Accuracy stage by stage, a line a model."""

from collections.abc import Sequence

from rich.text import Text

from thinice_tui.analysis.comparison import ModelSummary
from thinice_tui.analysis.proportions import Estimate
from thinice_tui.plots.canvas import new_figure, set_title, to_text
from thinice_tui.plots.style import PERCENTS, model_style


def accuracy_by_stage(models: Sequence[ModelSummary], width: int, height: int) -> Text:
    """Clean accuracy, then robust accuracy after each finished stage, in %; a line a model."""
    figure = new_figure(width, height)
    names = ["clean"] + [stage.name for stage in models[0].stages]
    for number, summary in enumerate(models):
        found: list[Estimate | None] = [summary.clean_accuracy]
        found += [stage.robust_accuracy_after for stage in summary.stages]
        points = [(i, 100 * e.value) for i, e in enumerate(found) if e is not None and e.n]
        if not points:
            continue
        marker, colour = model_style(number)
        xs, ys = [x for x, _ in points], [y for _, y in points]
        figure.plot(xs, ys, marker=marker, color=colour, label=summary.model.record.name)
    n = models[0].clean_accuracy.n if models[0].clean_accuracy else 0
    set_title(figure, width, f"Accuracy in % after each stage, n={n}")
    figure.xticks(list(range(len(names))), names)
    figure.xlim(-0.3, len(names) - 0.7)
    figure.ylim(0, 100)
    figure.yticks(PERCENTS)
    return to_text(figure)
