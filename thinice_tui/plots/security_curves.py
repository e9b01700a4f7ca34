"""Security curves: robust accuracy over eps, a line a model."""

from collections.abc import Sequence

from rich.text import Text

from thinice_tui.analysis.security_curve import SecurityCurve
from thinice_tui.plots.canvas import new_figure, set_title, to_text
from thinice_tui.plots.style import MARK_COLOUR, PERCENTS, model_style
from thinice_tui.protocol.threat_model import NORM_ROWS, Norm


def security_curves(
    curves: Sequence[SecurityCurve],
    eps: float,
    norm: Norm,
    width: int,
    height: int,
    marked: float | None = None,
    note: str = "",
) -> Text:
    """Robust accuracy in % over eps. Vertical lines mark the run's `eps` and the distance `marked`.

    The axis is in the norm's unit, 1/255 under Linf. note: added to the axis label.
    """
    figure = new_figure(width, height)
    scale = NORM_ROWS[norm].denominator
    end = max(float(curve.eps[-1]) for curve in curves)
    for number, curve in enumerate(curves):
        marker, colour = model_style(number)
        figure.plot(
            (scale * curve.eps).tolist(),
            (100 * curve.robust).tolist(),
            marker=marker,
            color=colour,
            label=f"{curve.name} n={curve.n}",
        )
    if eps <= end:
        figure.vertical_line(scale * eps, "gray")
    if marked is not None and 0 <= marked <= end:
        figure.vertical_line(scale * marked, MARK_COLOUR)
    n = f"n={curves[0].n}"
    set_title(figure, width, f"Robust accuracy in % over eps, upper bounds, {n}", f"Robust accuracy, %, {n}")
    figure.xlabel(f"eps ({norm}){NORM_ROWS[norm].axis_unit}, │ the run's{note}")
    figure.ylim(0, 100)
    figure.yticks(PERCENTS)
    return to_text(figure)
