"""The table of samples, and beside it, where there is room, one sample, a plot and the summary."""

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from thinice_tui.tui.action_registry import Reason, bindings_in
from thinice_tui.tui.content.rows import empty_reason
from thinice_tui.tui.jump import line_named
from thinice_tui.tui.screens.run_screen import RunScreen
from thinice_tui.tui.session import Session
from thinice_tui.tui.widgets.filter_bar import FilterBar
from thinice_tui.tui.widgets.jump_bar import JumpBar
from thinice_tui.tui.widgets.panels import PlotPanel, PlotTabs, RowsLine, SamplePanel, SummaryPanel
from thinice_tui.tui.widgets.sample_table import SampleTable

HINT = " New here?  j k: move · enter: see a sample · v: all numbers · ?: keys, words"
SIDE_STEP = 8
"""Cells that the table scrolls to the side at once."""


class BrowseScreen(RunScreen):
    """The first screen: the table, its filter, and the panels beside it."""

    BINDINGS = bindings_in("browse")
    AUTO_FOCUS = "#table"
    place = "browse"

    def __init__(self, session: Session, has_hint: bool = False) -> None:
        """has_hint: whether a line above the table says what to press, for someone who is here for the first time."""
        super().__init__(session)
        self._has_hint = has_hint

    def compose_body(self) -> ComposeResult:
        with Vertical(id="left"):
            if self._has_hint:
                yield Static(HINT, id="hint", markup=False)
            yield RowsLine(id="rows")
            yield FilterBar(id="filter")
            yield JumpBar(id="jump")
            yield SampleTable(id="table")
            with Vertical(id="plot-pane", classes="beside"):
                yield PlotTabs(id="tabs")
                yield PlotPanel(id="plot")
        with Vertical(id="right", classes="beside"):
            yield SamplePanel(id="sample")
            yield SummaryPanel(id="summary")

    @property
    def table(self) -> SampleTable:
        return self.query_one(SampleTable)

    def on_mount(self) -> None:
        self.rows_changed()

    def rows_changed(self) -> None:
        """Draw the table at once, also behind another screen."""
        rows = self.session.rows
        if rows is not None and self.has_widgets:
            session = self.session
            empty = "" if len(rows.lines) else empty_reason(rows, session.is_computing)
            self.table.show(rows, session.columns_in_view, session.cursor, empty, session.marked)

    def run_changed(self) -> None:
        """Draw title and progress, and how long an empty table will stay so."""
        super().run_changed()
        rows = self.session.rows
        if self.has_widgets and rows is not None and not len(rows.lines):
            self.table.say(empty_reason(rows, self.session.is_computing))

    def selection_changed(self) -> None:
        """Move the table's cursor at once."""
        if self.has_widgets:
            self.table.show_cursor(self.session.cursor)

    def update_body(self) -> None:
        session, plot = self.session, self.session.preferences.plot
        self.query_one(RowsLine).show(session.rows, session.cursor, len(session.marked))
        if not self.is_wide:
            return
        self.query_one(SamplePanel).show(session.rows, session.position)
        self.query_one(PlotTabs).choose(plot)
        self.query_one(PlotPanel).show(plot, session.rows, session.position)
        self.query_one(SummaryPanel).show(session.analysis, session.view.other)

    # the table and the filter

    def on_sample_table_row_clicked(self, event: SampleTable.RowClicked) -> None:
        self.session.select(event.row)

    def on_sample_table_header_clicked(self, event: SampleTable.HeaderClicked) -> None:
        self.session.sort_by(event.key)

    async def on_sample_table_row_double_clicked(self) -> None:
        await self.run_action("app.do('inspect')")

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        self.session.change_view(query=event.query)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        # A click in it, while something is typed; a bar that has been opened since then is left alone.
        if event.widget is self.table and self.focused is self.table:
            self.query_one(FilterBar).close()
            self.query_one(JumpBar).close()

    def on_filter_bar_closed(self) -> None:
        self.set_focus(self.table, scroll_visible=False)

    def on_jump_bar_closed(self) -> None:
        self.set_focus(self.table, scroll_visible=False)

    def on_jump_bar_submitted(self, event: JumpBar.Submitted) -> None:
        rows = self.session.rows
        if event.text and rows is not None and isinstance(line := line_named(event.text, rows), int):
            self.session.select(line)

    # actions

    def do_page_down(self) -> Reason:
        return self._move_pages(1)

    def do_page_up(self) -> Reason:
        return self._move_pages(-1)

    def _move_pages(self, pages: int) -> Reason:
        return self.session.move(pages * self.table.page)

    def do_filter(self) -> Reason:
        rows = self.session.rows
        if rows is None:
            return "there are no samples yet"
        self.query_one(FilterBar).open(rows.view.query, rows.table.fields)
        return None

    def do_jump(self) -> Reason:
        if self.session.rows is None:
            return "there are no samples yet"
        self.query_one(JumpBar).open(self._leads_nowhere)
        return None

    def _leads_nowhere(self, typed: str) -> str | None:
        """Why no line of the table is meant by what was typed; None where one is."""
        assert self.session.rows is not None  # else the bar was not opened
        line = line_named(typed, self.session.rows)
        return line if isinstance(line, str) else None

    def do_left(self) -> Reason:
        return self._scroll_sideways(-SIDE_STEP)

    def do_right(self) -> Reason:
        return self._scroll_sideways(SIDE_STEP)

    def _scroll_sideways(self, cells: int) -> Reason:
        before = self.table.scroll_x
        self.table.scroll_to(x=before + cells, animate=False, immediate=True)
        return "there are no columns further that way" if self.table.scroll_x == before else None
