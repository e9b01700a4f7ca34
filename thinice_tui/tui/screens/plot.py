"""A plot on the whole screen."""

from textual.app import ComposeResult

from thinice_tui.tui.action_registry import bindings_in
from thinice_tui.tui.screens.run_screen import RunScreen
from thinice_tui.tui.widgets.panels import PlotPanel, PlotTabs, RowsLine


class PlotScreen(RunScreen):
    """The chosen plot of the samples shown."""

    BINDINGS = bindings_in("plots")
    place = "plots"

    def compose_body(self) -> ComposeResult:
        yield RowsLine(id="rows")
        yield PlotTabs(id="tabs")
        yield PlotPanel(id="plot")

    def update_body(self) -> None:
        session, plot = self.session, self.session.preferences.plot
        self.query_one(RowsLine).show(session.rows, session.cursor, len(session.marked))
        self.query_one(PlotTabs).choose(plot)
        self.query_one(PlotPanel).show(plot, session.rows, session.position)
