"""One sample on the whole screen."""

from textual.app import ComposeResult

from thinice_tui.tui.action_registry import Reason, bindings_in
from thinice_tui.tui.screens.run_screen import RunScreen
from thinice_tui.tui.widgets.panels import SamplePanel


class InspectScreen(RunScreen):
    """The selected sample under all models, as large as the terminal allows."""

    BINDINGS = bindings_in("inspect")
    place = "inspect"

    def compose_body(self) -> ComposeResult:
        panel = SamplePanel(id="sample")
        panel.all_models = True
        yield panel

    def update_body(self) -> None:
        self.query_one(SamplePanel).show(self.session.rows, self.session.position)

    def do_zoom(self) -> Reason:
        panel = self.query_one(SamplePanel)
        panel.zoom()
        panel.scroll_home(animate=False)
        self.update_body()
        return None
