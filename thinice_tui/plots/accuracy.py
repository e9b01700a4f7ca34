"""Accuracy stage by stage: points, a marker a model, and the last value of each beside it."""

from collections.abc import Sequence

from rich.text import Text

from thinice_tui.analysis.comparison import ModelSummary
from thinice_tui.analysis.proportions import Estimate
from thinice_tui.plots.canvas import Canvas, Entry, spread
from thinice_tui.plots.style import PERCENTS, model_style

SPREAD = 0.5
VALUE = 6
"""Cells that the last value of a model takes."""
"""The points of one stage, one a model, lie within so much of a stage's width."""


def accuracy_by_stage(
    models: Sequence[ModelSummary], width: int, height: int, numbers: Sequence[int] | None = None
) -> Text:
    """Clean accuracy, then robust accuracy after each finished stage, in %; points side by side, a marker a model.

    numbers: of the models in their run; default: in their order.
    """
    numbers = range(len(models)) if numbers is None else numbers
    names = ["clean"] + [stage.name for stage in models[0].stages]
    n = models[0].clean_accuracy.n if models[0].clean_accuracy else 0
    legend = [Entry(*model_style(number), one.model.record.name) for number, one in zip(numbers, models, strict=True)]
    canvas = Canvas(width, height, [f"Accuracy in % after each stage, n={n}"], legend)
    figure, ends, colours = canvas.figure, [], []
    step = SPREAD / max(1, len(models) - 1)
    # dense comes last: where two points share a cell, its own is seen
    for place, (number, summary) in reversed(list(enumerate(zip(numbers, models, strict=True)))):
        found: list[Estimate | None] = [summary.clean_accuracy]
        found += [stage.robust_accuracy_after for stage in summary.stages]
        points = [(i, 100 * e.value) for i, e in enumerate(found) if e is not None and e.n]
        if not points:
            continue
        marker, colour = model_style(number)
        shift = step * place - SPREAD / 2 if len(models) > 1 else 0.0
        figure.scatter([x + shift for x, _ in points], [y for _, y in points], marker=marker, color=colour)
        ends.append(points[-1])
        colours.append(colour)
    lines = max(1, canvas.height - 4)
    for (x, value), at, colour in zip(
        ends, spread([value for _, value in ends], 100 / lines, 0, 100), colours, strict=True
    ):
        figure.text(f" {value:.1f}", x + SPREAD / 2 + 0.05, at, color=colour, alignment="left")
    figure.xticks(list(range(len(names))), names)
    share = min(0.5, VALUE / max(1, canvas.width - VALUE))  # of the width, for the values beside the last stage
    figure.xlim(-0.5, (len(names) - 0.45 + SPREAD / 2) / (1 - share) - 0.5)
    figure.ylim(0, 100)
    figure.yticks(PERCENTS)
    return canvas.to_text()
