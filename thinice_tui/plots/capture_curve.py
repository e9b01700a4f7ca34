"""The capture curve: how many of all losses lie within the lowest dense margins."""

from rich.text import Text

from thinice_tui.analysis.capture import CaptureCurve
from thinice_tui.plots.canvas import new_figure, set_title, to_text
from thinice_tui.plots.style import PERCENTS, model_style


def capture_plot(curve: CaptureCurve, name: str, width: int, height: int) -> Text:
    """Losses captured, in %, over the share of lowest margins, with the diagonal of no association."""
    figure = new_figure(width, height)
    lowest = (100 * curve.lowest).tolist()
    figure.plot(lowest, lowest, marker="·", color="gray", label="no association")
    marker, colour = model_style(0)
    figure.plot(lowest, (100 * curve.captured).tolist(), marker=marker, color=colour, label=name)
    n = f"n={curve.losses}"
    set_title(figure, width, f"Losses within the lowest dense margins, %, {n}", f"Losses captured, %, {n}")
    figure.xlabel("lowest dense margins, % of what dense holds")
    figure.ylim(0, 100)
    figure.yticks(PERCENTS)
    figure.xticks(PERCENTS)
    return to_text(figure)
