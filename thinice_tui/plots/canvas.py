"""The one place that touches plotext: a private figure of a given size, to rich text.

plotext's module-level functions share one global figure and are not thread-safe; a figure of our own
is. Without a terminal plotext clamps sizes to 80×24, unless told not to.
"""

from typing import Any

from rich.text import Text


def new_figure(width: int, height: int) -> Any:
    """An empty plotext figure of `width` × `height` cells, in the terminal's own colours."""
    from plotext._figure import _figure_class  # a view appears without waiting for its plots

    figure = _figure_class()
    figure._limit_size(False, False)
    figure.plotsize(width, height)
    figure.canvas_color("default")
    figure.axes_color("default")
    figure.ticks_color("default")
    return figure


def to_text(figure: Any) -> Text:
    """What the figure draws, as rich text of the size it was made with."""
    return Text.from_ansi(figure.build(), no_wrap=True)
