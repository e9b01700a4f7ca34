"""The report on the whole screen."""

from functools import partial

from rich.console import RenderableType

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.tui.screens.text_screen import TextScreen
from thinice_tui.tui.widgets.slow_view import SlowView

WIDEST = 100


class ReportScreen(TextScreen):
    """The report that `thinice-tui report` prints."""

    def update_body(self) -> None:
        analysis = self.session.analysis
        view = self.query_one(SlowView)
        if analysis is None:
            view.show_sentence("the report comes after the clean predictions")
        else:
            view.draw(id(analysis), partial(_report, analysis))


def _report(analysis: Analysis, width: int, _height: int) -> RenderableType:
    from thinice_tui.report.text_report import render  # only where wanted: the first frame does not wait for it

    return render(analysis, min(width, WIDEST))
