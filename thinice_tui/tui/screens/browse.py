"""The table of samples, and beside it, where there is room, one sample, a plot and the summary."""

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from thinice_tui.tui.actions.registry import bindings_in
from thinice_tui.tui.content.rows import empty_reason
from thinice_tui.tui.screens.base import RunScreen
from thinice_tui.tui.widgets.filter_bar import FilterBar
from thinice_tui.tui.widgets.panels import PlotPanel, PlotTabs, RowsLine, SamplePanel, SummaryPanel
from thinice_tui.tui.widgets.sample_table import SampleTable


class BrowseScreen(RunScreen):
    """Where one is most of the time."""

    BINDINGS = bindings_in("browse")
    AUTO_FOCUS = "#table"
    place = "browse"

    def compose_body(self) -> ComposeResult:
        with Vertical(id="left"):
            yield RowsLine(id="rows")
            yield FilterBar(id="filter")
            yield SampleTable(self.thinice.preferences.columns, id="table")
            with Vertical(id="plot-pane", classes="beside"):
                yield PlotTabs(id="tabs", markup=False)
                yield PlotPanel(id="plot")
        with Vertical(id="right", classes="beside"):
            yield SamplePanel(id="sample")
            yield SummaryPanel(id="summary")

    @property
    def table(self) -> SampleTable:
        return self.query_one(SampleTable)

    def rows_changed(self) -> None:
        app = self.thinice
        self.query_one(RowsLine).follow(app.rows)
        if not self.is_wide:
            return
        self.query_one(SamplePanel).follow(app.rows, app.position)
        self.query_one(PlotTabs).choose(app.preferences.plot)
        self.query_one(PlotPanel).follow(app.preferences.plot, app.rows, app.position)
        self.query_one(SummaryPanel).follow(app.analysis, app.view.other)

    def show_rows(self, select: int | None = None) -> None:
        """Draw the rows anew, with the sample that is selected selected still."""
        app = self.thinice
        assert app.rows is not None
        self.table.show(app.rows, empty_reason(app.rows), select)
        self.rows_changed()

    # the table and the filter

    def on_sample_table_selected(self) -> None:
        self.thinice.tell_screens()

    def on_sample_table_header_clicked(self, event: SampleTable.HeaderClicked) -> None:
        self.thinice.choosing.sort_by(event.key)

    def on_sample_table_opened(self) -> None:
        self.thinice.action_do("inspect")

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        self.thinice.change_view(query=event.query)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget is self.table:  # a click in it, while the filter is typed
            self.query_one(FilterBar).close()

    def on_filter_bar_closed(self) -> None:
        self.set_focus(self.table, scroll_visible=False)

    def do_filter(self) -> str | None:
        rows = self.thinice.rows
        if rows is None:
            return "there are no samples yet"
        self.query_one(FilterBar).open(rows.view.query, rows.table.fields)
        return None

    def do_left(self) -> str | None:
        return self._sideways(-8)

    def do_right(self) -> str | None:
        return self._sideways(8)

    def _sideways(self, by: int) -> str | None:
        before = self.table.scroll_x
        self.table.scroll_to(x=before + by, animate=False, immediate=True)
        return "there are no columns further that way" if self.table.scroll_x == before else None
