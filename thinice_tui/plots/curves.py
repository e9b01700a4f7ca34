"""Security curves as a terminal plot."""

from collections.abc import Sequence

from rich.text import Text

from thinice_tui.analysis.curve import Curve
from thinice_tui.plots.canvas import new_figure, to_text
from thinice_tui.plots.charts import MARK_COLOUR, MODEL_COLOURS, MODEL_MARKERS, PERCENTS, titled
from thinice_tui.protocol.threat_model import NORM_ROWS, Norm


def security_curves(
    curves: Sequence[Curve],
    eps: float,
    norm: Norm,
    width: int,
    height: int,
    marked: float | None = None,
    note: str = "",
) -> Text:
    """Robust accuracy in % over the budget, a line a model; lines stand at the run's `eps` and the distance `marked`.

    The axis is in the norm's unit, 1/255 under Linf. note: added to the axis.
    """
    figure = new_figure(width, height)
    row = NORM_ROWS[norm]
    scale, unit = row.denominator, row.axis_unit
    end = max(float(curve.eps[-1]) for curve in curves)
    for number, curve in enumerate(curves):
        figure.plot(
            (scale * curve.eps).tolist(),
            (100 * curve.robust).tolist(),
            marker=MODEL_MARKERS[number % len(MODEL_MARKERS)],
            color=MODEL_COLOURS[number % len(MODEL_COLOURS)],
            label=f"{curve.name} n={curve.n}",
        )
    if eps <= end:
        figure.vertical_line(scale * eps, "gray")
    if marked is not None and 0 <= marked <= end:
        figure.vertical_line(scale * marked, MARK_COLOUR)
    n = f"n={curves[0].n}"
    titled(figure, width, f"Robust accuracy in % over eps, upper bounds, {n}", f"Robust accuracy, %, {n}")
    figure.xlabel(f"eps ({norm}){unit}, │ the run's{note}")
    figure.ylim(0, 100)
    figure.yticks(PERCENTS)
    return to_text(figure)
