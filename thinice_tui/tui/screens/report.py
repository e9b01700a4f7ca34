"""The summary on the whole screen: all models in one table, class by class, and the whole report."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from rich.console import RenderableType
from textual.app import ComposeResult

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.tui.action_registry import Reason, bindings_in
from thinice_tui.tui.screens.text_screen import TextScreen
from thinice_tui.tui.session import Session
from thinice_tui.tui.widgets.panels import Tabs
from thinice_tui.tui.widgets.slow_view import SlowView

if TYPE_CHECKING:
    from thinice_tui.analysis.several.several_runs import SeveralRuns

TITLES = {"comparison": "Comparison", "classes": "Per class", "report": "Report"}
SEVERAL = {"several": "Several runs"}
"""The page that comes first where several runs are read together."""


class ReportScreen(TextScreen):
    """The pages of the summary; the last one is the whole report."""

    BINDINGS = bindings_in("summary")
    place = "summary"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._titles = TITLES if session.others is None else SEVERAL | TITLES
        self.page = next(iter(self._titles))

    def compose_body(self) -> ComposeResult:
        yield Tabs(self._titles, "screen.choose_page", id="tabs")
        yield from super().compose_body()

    def update_body(self) -> None:
        analysis, other = self.session.analysis, self.session.view.other
        self.query_one(Tabs).choose(self.page)
        view = self.query_one(SlowView)
        if self.page in SEVERAL:
            self._show_several(view)
        elif analysis is None:
            view.show_sentence("the report comes after the clean predictions")
        else:
            what = (self.page, id(analysis), other if self.page == "classes" else None)
            view.draw(what, partial(_page, self.page, analysis, other))

    def _show_several(self, view: SlowView) -> None:
        others = self.session.others
        assert others is not None  # else there is no such page
        if others.analysis is None:
            waiting = "comparing the runs …" if others.compared else "the comparison comes when a run ends"
            view.show_sentence(others.problem or waiting)
        else:
            what = (self.page, id(others.analysis), others.not_compared)
            view.draw(what, partial(_several, others.analysis, others.not_compared))

    def action_choose_page(self, page: str) -> None:
        """Show this page, from its beginning."""
        self.page = page
        self.query_one(SlowView).scroll_home(animate=False)
        self.update_body()

    def do_summary(self) -> Reason:
        """Show the next page."""
        pages = list(self._titles)
        self.action_choose_page(pages[(pages.index(self.page) + 1) % len(pages)])
        return None


def _several(several: "SeveralRuns", unfinished: Sequence[str], width: int, _height: int) -> RenderableType:
    from thinice_tui.report.renderers.text import render_blocks
    from thinice_tui.report.text_report import WIDEST
    from thinice_tui.tui.content.summary_pages import several_page

    return render_blocks(several_page(several, unfinished), min(width, WIDEST))


def _page(page: str, analysis: Analysis, other: int, width: int, _height: int) -> RenderableType:
    # only where wanted: the first frame does not wait for it
    from thinice_tui.report.renderers.text import render_blocks
    from thinice_tui.report.text_report import WIDEST
    from thinice_tui.tui.content.summary_pages import PAGES

    return render_blocks(PAGES[page](analysis, other), min(width, WIDEST))
