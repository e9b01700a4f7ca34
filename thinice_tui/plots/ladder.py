"""What is lost, model by model: the pruned ones by rising sparsity, then the controls."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from thinice_tui.analysis.proportions import Estimate
from thinice_tui.plots.canvas import Canvas, Entry, round_ticks
from thinice_tui.plots.flip_rate import TICKS, top_of
from thinice_tui.plots.style import model_style


@dataclass(frozen=True)
class Loss:
    """What one model loses of the samples that dense holds. number: the model's in its run; tick: its short name."""

    name: str
    tick: str
    number: int
    rate: Estimate


def losses_by_model(losses: Sequence[Loss], width: int, height: int, note: str = "") -> Text:
    """The share lost, in %, with 95 % intervals as bars, and its value beside each. note: added to the axis label."""
    n = f"n={losses[0].rate.n}"
    titles = (f"Lost of the samples that dense holds, %, {n}", f"Lost, %, {n}")
    canvas = Canvas(width, height, titles, [Entry(*model_style(one.number), f"{one.name} ± 95 %") for one in losses])
    figure = canvas.figure
    beside = 2.5 * (len(losses) + 0.2) / canvas.width
    for place, one in enumerate(losses):
        marker, colour = model_style(one.number)
        low, value, high = (100 * number for number in (one.rate.low, one.rate.value, one.rate.high))
        figure.plot([place, place], [low, high], marker="│", color=colour)
        figure.scatter([place], [value], marker=marker, color=colour)
        figure.text(f"{value:.1f}", place + beside, value, color=colour, alignment="left")
    figure.xticks(list(range(len(losses))), [one.tick for one in losses])
    figure.xlim(-0.5, len(losses) - 0.3)
    top = top_of([100 * one.rate.high for one in losses])
    figure.ylim(0, top)
    ticks = round_ticks(0, top, TICKS)
    figure.yticks(ticks, [f"{tick:g}" for tick in ticks])
    figure.xlabel(f"pruned away{note}")
    return canvas.to_text()
