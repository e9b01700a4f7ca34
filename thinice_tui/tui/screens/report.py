"""The summary on the whole screen: all models in one table, class by class, and the whole report."""

from functools import partial

from rich.console import RenderableType
from textual.app import ComposeResult

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.tui.action_registry import Reason, bindings_in
from thinice_tui.tui.screens.text_screen import TextScreen
from thinice_tui.tui.widgets.panels import Tabs
from thinice_tui.tui.widgets.slow_view import SlowView

TITLES = {"comparison": "Comparison", "classes": "Per class", "report": "Report"}


class ReportScreen(TextScreen):
    """The pages of the summary; the last one is the whole report."""

    BINDINGS = bindings_in("summary")
    place = "summary"
    page = "comparison"

    def compose_body(self) -> ComposeResult:
        yield Tabs(TITLES, "screen.choose_page", id="tabs")
        yield from super().compose_body()

    def update_body(self) -> None:
        analysis, other = self.session.analysis, self.session.view.other
        self.query_one(Tabs).choose(self.page)
        view = self.query_one(SlowView)
        if analysis is None:
            view.show_sentence("the report comes after the clean predictions")
        else:
            what = (self.page, id(analysis), other if self.page == "classes" else None)
            view.draw(what, partial(_page, self.page, analysis, other))

    def action_choose_page(self, page: str) -> None:
        """Show this page, from its beginning."""
        self.page = page
        self.query_one(SlowView).scroll_home(animate=False)
        self.update_body()

    def do_summary(self) -> Reason:
        """Show the next page."""
        pages = list(TITLES)
        self.action_choose_page(pages[(pages.index(self.page) + 1) % len(pages)])
        return None


def _page(page: str, analysis: Analysis, other: int, width: int, _height: int) -> RenderableType:
    # only where wanted: the first frame does not wait for it
    from thinice_tui.report.renderers.text import render_blocks
    from thinice_tui.report.text_report import WIDEST
    from thinice_tui.tui.content.summary_pages import PAGES

    return render_blocks(PAGES[page](analysis, other), min(width, WIDEST))
