"""Security curves: robust accuracy over eps, a line a model."""

from collections.abc import Sequence

from rich.text import Text

from thinice_tui.analysis.security_curve import SecurityCurve
from thinice_tui.plots.canvas import new_figure, set_title, to_text
from thinice_tui.plots.style import MARK_COLOUR, PERCENTS, model_style


def security_curves(
    curves: Sequence[SecurityCurve],
    eps: float,
    norm: str,
    width: int,
    height: int,
    marked: float | None = None,
    note: str = "",
) -> Text:
    """Robust accuracy in % over eps. Vertical lines mark the run's `eps` and the distance `marked`.

    Under Linf the axis is in units of 1/255. note: added to the axis label.
    """
    figure = new_figure(width, height)
    scale, unit = (255.0, " in 1/255") if norm == "Linf" else (1.0, "")
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
    figure.xlabel(f"eps ({norm}){unit}, │ the run's{note}")
    figure.ylim(0, 100)
    figure.yticks(PERCENTS)
    return to_text(figure)
