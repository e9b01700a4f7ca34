"""One thing on the whole screen: a sample, a plot, or the report."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from rich.console import RenderableType
from rich.text import Text
from textual.app import ComposeResult

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.tui.actions.registry import ACTIONS, bindings_in, shown_keys
from thinice_tui.tui.screens.base import RunScreen
from thinice_tui.tui.widgets.panels import PlotPanel, PlotTabs, RowsLine, SamplePanel
from thinice_tui.tui.widgets.slow_view import SlowView


class InspectScreen(RunScreen):
    """The selected sample, as large as the terminal allows."""

    BINDINGS = bindings_in("inspect")
    place = "inspect"

    def compose_body(self) -> ComposeResult:
        yield SamplePanel(id="sample")

    def rows_changed(self) -> None:
        self.query_one(SamplePanel).follow(self.thinice.rows, self.thinice.position)

    def do_zoom(self) -> str | None:
        panel = self.query_one(SamplePanel)
        panel.full_size = not panel.full_size
        panel.scroll_home(animate=False)
        self.rows_changed()
        return None


class PlotScreen(RunScreen):
    """The plot of the samples shown."""

    BINDINGS = bindings_in("plots")
    place = "plots"

    def compose_body(self) -> ComposeResult:
        yield RowsLine(id="rows")
        yield PlotTabs(id="tabs", markup=False)
        yield PlotPanel(id="plot")

    def rows_changed(self) -> None:
        app = self.thinice
        self.query_one(RowsLine).follow(app.rows)
        self.query_one(PlotTabs).choose(app.preferences.plot)
        self.query_one(PlotPanel).follow(app.preferences.plot, app.rows, app.position)


class ReportScreen(RunScreen):
    """The same report that `--report` prints."""

    BINDINGS = bindings_in("text")
    place = "text"

    def compose_body(self) -> ComposeResult:
        yield SlowView(id="text")

    def rows_changed(self) -> None:
        analysis = self.thinice.analysis
        view = self.query_one(SlowView)
        if analysis is None:
            view.say("the report comes after the clean predictions")
        else:
            view.draw(id(analysis), partial(_report, analysis))


def _report(analysis: Analysis, width: int, _height: int) -> RenderableType:
    from thinice_tui.report.text_report import render

    return render(analysis, min(width, 100))


class HelpScreen(RunScreen):
    """Every key and what it does, from the registry."""

    BINDINGS = bindings_in("text")
    place = "text"

    def compose_body(self) -> ComposeResult:
        yield SlowView(id="text")

    def on_mount(self) -> None:
        own = self.thinice.preferences.keys
        self.query_one(SlowView).draw("help", lambda _width, _height: help_text(own))


def help_text(own_keys: Mapping[str, str] = MappingProxyType({})) -> Text:
    """The registry as a list, group by group; `own_keys`: the user's, by the action's name."""
    text = Text()
    group = ""
    for action in ACTIONS:
        if action.group != group:
            group = action.group
            text.append(f"{group}\n", style="bold underline")
        text.append(f"  {shown_keys(action, own_keys):<7}", style="bold").append(f" {action.meaning}\n")
    text.append("\nThe sets, dense first, pruned second\n", style="bold underline")
    text.append("  ▼ S10  held by dense, lost by the pruned model     ▲ S01  lost by dense, gained\n")
    text.append("  ● S11  held by both                                ○ S00  lost by both     ?  undecided\n")
    text.append("\nFilter\n", style="bold underline")
    text.append(
        "  set=S10 label=cat,dog margin<0.5 broken_by=square   conditions side by side all hold; or, not, ( )\n"
    )
    text.append("  margin=0..0.5  label~ca  broken_by!=none  sample=17  tab completes, esc takes the old filter back\n")
    return text
