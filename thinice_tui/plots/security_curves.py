"""Security curves: robust accuracy over eps, a line a model."""

from collections.abc import Sequence

from rich.text import Text

from thinice_tui.analysis.security_curve import SecurityCurve
from thinice_tui.plots.canvas import Canvas, Entry, round_ticks, spread
from thinice_tui.plots.style import MARK_COLOUR, PERCENTS, model_style
from thinice_tui.protocol.threat_model import NORM_ROWS, Norm

TICKS = 6


def security_curves(
    curves: Sequence[SecurityCurve],
    eps: float,
    norm: Norm,
    width: int,
    height: int,
    marked: float | None = None,
    note: str = "",
    numbers: Sequence[int] | None = None,
) -> Text:
    """Robust accuracy in % over eps, and its value at the run's `eps`, which is a tick. The axis is in the norm's unit.

    A vertical line marks the distance `marked`. note: added to the axis label. numbers: of the models in their run;
    default: in their order.
    """
    numbers = range(len(curves)) if numbers is None else numbers
    scale, n = NORM_ROWS[norm].denominator, f"n={curves[0].n}"
    end = max(float(curve.eps[-1]) for curve in curves)
    titles = (f"Robust accuracy in % over eps, upper bounds, {n}", f"Robust accuracy, %, {n}")
    legend = [Entry(*model_style(number), f"{one.name} n={one.n}") for number, one in zip(numbers, curves, strict=True)]
    canvas = Canvas(width, height, titles, legend)
    figure = canvas.figure
    if eps <= end:
        figure.vertical_line(scale * eps, "gray")
    if marked is not None and 0 <= marked <= end:
        figure.vertical_line(scale * marked, MARK_COLOUR)
    # dense comes last: where two lines cross, its own is seen
    for number, curve in reversed(list(zip(numbers, curves, strict=True))):
        marker, colour = model_style(number)
        figure.plot((scale * curve.eps).tolist(), (100 * curve.robust).tolist(), marker=marker, color=colour)
    if eps <= end:
        values = [100 * curve.at_eps for curve in curves]
        lines = max(1, canvas.height - 4)
        for number, value, at in zip(numbers, values, spread(values, 100 / lines, 0, 100), strict=True):
            figure.text(f"{value:.1f}", scale * eps, at, color=model_style(number)[1], alignment="left")
    figure.xlabel(f"eps ({norm}){NORM_ROWS[norm].axis_unit}{note}")
    ticks = round_ticks(0, scale * end, TICKS)
    apart = scale * end / TICKS / 2
    shown = {tick: f"{tick:g}" for tick in ticks if abs(tick - scale * eps) > apart or eps > end}
    shown |= {scale * eps: f"eps={scale * eps:g}"} if eps <= end else {}
    figure.xticks(list(shown), list(shown.values()))
    figure.ylim(0, 100)
    figure.yticks(PERCENTS)
    return canvas.to_text()
