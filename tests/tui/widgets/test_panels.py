"""The panels beside the table, each in an application of its own."""

import time
from pathlib import Path

from textual.app import App, ComposeResult

from tests.tui.driver import DEADLINE
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.live_sets import ALL_SETS
from thinice_tui.analysis.rows import View, select_rows
from thinice_tui.runfile.reader import read_run
from thinice_tui.tui.content.plot_kinds import PLOTS
from thinice_tui.tui.widgets.panels import PlotPanel, PlotTabs, RowsLine, SamplePanel, SummaryPanel
from thinice_tui.tui.widgets.slow_view import SlowView


class Panels(App[None]):
    CSS = "RowsLine, PlotTabs { height: 1; } SlowView { height: 1fr; overflow: hidden; }"

    def compose(self) -> ComposeResult:
        yield RowsLine(id="rows")
        yield PlotTabs(id="tabs")
        yield SamplePanel(id="sample")
        yield PlotPanel(id="plot")
        yield SummaryPanel(id="summary")


async def test_panels_show_what_they_are_given_and_say_where_that_is_nothing(run_file: Path) -> None:
    run = read_run(run_file)
    rows, app = select_rows(run, View(sets=ALL_SETS)), Panels()
    async with app.run_test(size=(100, 60)) as pilot:
        sample, plot, summary = app.query_one(SamplePanel), app.query_one(PlotPanel), app.query_one(SummaryPanel)

        async def texts() -> list[str]:
            deadline = time.monotonic() + DEADLINE
            while not all(view.is_drawn for view in app.query(SlowView)):
                assert time.monotonic() < deadline
                await pilot.pause(0.01)
            await pilot.pause()
            return [sample.text, plot.text, summary.text]

        app.query_one(RowsLine).show(None, 0)
        sample.show(None, None)
        plot.show("margins", None, None)
        summary.show(None, 1)
        assert await texts() == ["no sample is selected", "reading …", "summary: after the clean predictions"]

        app.query_one(RowsLine).show(rows, 0)
        app.query_one(PlotTabs).choose("flips")
        sample.show(rows, 7)
        plot.show("flips", rows, 7)
        summary.show(analyse(run), 1)
        drawn = await texts()
        assert "#21" in drawn[0] and "Flip rate" in drawn[1] and "robust %" in drawn[2]
        assert "200 of 200" in str(app.query_one(RowsLine).render())
        assert all(plot.title in str(app.query_one(PlotTabs).render()) for plot in PLOTS.values())


async def test_all_tabs_fit_at_60_columns() -> None:
    app = Panels()
    async with app.run_test(size=(60, 20)):
        app.query_one(PlotTabs).choose(list(PLOTS)[-1])
        shown = str(app.query_one(PlotTabs).render())
        assert len(shown) <= 60 and all(plot.title in shown for plot in PLOTS.values())
