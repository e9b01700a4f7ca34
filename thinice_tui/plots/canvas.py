"""The one place that touches plotext: a figure of a given size, and its text.

plotext's module-level functions share one global figure and are not thread-safe; every plot here has a figure of its
own. Without a terminal plotext limits sizes to 80×24, which is switched off.
"""

from typing import Any

from rich.text import Text


def new_figure(width: int, height: int) -> Any:
    """An empty plotext figure of `width` × `height` cells, in the terminal's own colours."""
    from plotext._figure import _figure_class  # a view appears before plotext has loaded

    figure = _figure_class()
    figure._limit_size(False, False)
    figure.plotsize(width, height)
    figure.canvas_color("default")
    figure.axes_color("default")
    figure.ticks_color("default")
    return figure


def set_title(figure: Any, width: int, *titles: str) -> None:
    """Set the first title that fits `width` columns, else the last one cut: plotext drops titles that are too long."""
    figure.title(next((title for title in titles if len(title) <= width - 2), titles[-1][: width - 2]))


def to_text(figure: Any) -> Text:
    """The drawn figure as rich text, of the size it was made with."""
    return Text.from_ansi(figure.build(), no_wrap=True)
