"""Actions that choose what is looked at: rows, order, sets, models, margins, plots, screens."""

from typing import TYPE_CHECKING

from thinice_tui.analysis.live_sets import ALL_SETS, ALONE_SETS, HELD_SETS
from thinice_tui.analysis.margins import MARGIN_KINDS, margin_kinds
from thinice_tui.analysis.table import columns_of, columns_shown
from thinice_tui.tui.content.plots import PLOTS
from thinice_tui.tui.screens.base import RunScreen
from thinice_tui.tui.screens.dialogs import Choice, SomeDialog
from thinice_tui.tui.screens.palette import Palette
from thinice_tui.tui.screens.views import HelpScreen, InspectScreen, PlotScreen, ReportScreen
from thinice_tui.tui.widgets.slow_view import SlowView

if TYPE_CHECKING:
    from thinice_tui.tui.app import ThiniceApp

NOTHING = "there are no samples to choose from"
Reason = str | None


class Choosing:
    """Handlers of actions: each returns why it could do nothing, else None."""

    def __init__(self, app: "ThiniceApp") -> None:
        self.app = app

    # moving

    def do_down(self) -> Reason:
        return self._move(1)

    def do_up(self) -> Reason:
        return self._move(-1)

    def do_page_down(self) -> Reason:
        return self._page(1)

    def do_page_up(self) -> Reason:
        return self._page(-1)

    def do_first(self) -> Reason:
        return self._move(-len(self.app.rows.order)) if self.app.rows is not None else NOTHING

    def do_last(self) -> Reason:
        return self._move(len(self.app.rows.order)) if self.app.rows is not None else NOTHING

    def _move(self, by: int) -> Reason:
        if self.app.position is None:
            return NOTHING
        if self.app.browse.table.move(by):
            return None
        return "this is the last sample" if by > 0 else "this is the first sample"

    def _page(self, pages: int) -> Reason:
        if self.app.screen is self.app.browse:
            return self._move(pages * self.app.browse.table.page)
        view = self.app.screen.query_one(SlowView)
        before = view.scroll_y
        view.scroll_to(y=before + pages * view.size.height, animate=False, immediate=True)
        return "there is no more to see that way" if view.scroll_y == before else None

    # screens

    def do_inspect(self) -> Reason:
        if self.app.position is None:
            return NOTHING
        self._lead_to(InspectScreen)
        return None

    def do_plot(self) -> Reason:
        if self.app.screen is self.app.browse and not self.app.browse.is_wide:
            return self.do_large_plot()
        if not isinstance(self.app.screen, PlotScreen) and self.app.screen is not self.app.browse:
            return self.do_large_plot()
        kinds = list(PLOTS)
        self.choose_plot(kinds[(kinds.index(self.app.preferences.plot) + 1) % len(kinds)])
        return None

    def do_large_plot(self) -> Reason:
        self._lead_to(PlotScreen)
        return None

    def _lead_to(self, kind: type[RunScreen]) -> None:
        """To such a screen: back, where this one came from there; sample and plot do not pile up."""
        if isinstance(self.app.screen_stack[-2], kind):
            self.app.pop_screen()
        else:
            self.app.push_screen(kind())

    def choose_plot(self, kind: str) -> None:
        """Draw the plot `kind` from now on."""
        self.app.remember(plot=kind)
        self.app.tell_screens()

    def do_summary(self) -> Reason:
        self.app.push_screen(ReportScreen())
        return None

    def do_help(self) -> Reason:
        if isinstance(self.app.screen, HelpScreen):
            return "this is the help; esc goes back"
        self.app.push_screen(HelpScreen())
        return None

    def do_palette(self) -> Reason:
        if not isinstance(self.app.screen, Palette):
            self.app.push_screen(Palette())
        return None

    def do_back(self) -> Reason:
        self.app.pop_screen()
        return None

    def do_show_all(self) -> Reason:
        if not self.app.view.query.strip() and self.app.view.sets == ALL_SETS:
            return "all samples are shown; q quits"
        self.app.change_view(query="", sets=ALL_SETS)
        return None

    # sets, order, models, margins

    def do_set_s10(self) -> Reason:
        return self._toggle("S10")

    def do_set_s01(self) -> Reason:
        return self._toggle("S01")

    def do_set_s11(self) -> Reason:
        return self._toggle("S11")

    def do_set_s00(self) -> Reason:
        return self._toggle("S00")

    def do_set_all(self) -> Reason:
        sets = HELD_SETS if self.app.view.sets == ALL_SETS else ALL_SETS
        self.app.change_view(sets=sets)
        return None

    def _toggle(self, name: str) -> Reason:
        """From the sets one begins with, or all, to this one; then each is added or taken away; none left: all."""
        if self.app.rows is None:
            return NOTHING
        if self.app.rows.table.run.alone and name not in ALONE_SETS:
            return "dense is alone in this run: nothing is lost or gained by pruning"
        sets = frozenset({name}) if self.app.view.sets in (ALL_SETS, HELD_SETS) else self.app.view.sets ^ {name}
        self.app.change_view(sets=sets or ALL_SETS)
        return None

    def do_sort(self) -> Reason:
        return self._sort_next(1)

    def do_sort_back(self) -> Reason:
        return self._sort_next(-1)

    def _sort_next(self, by: int) -> Reason:
        if self.app.run_now is None:
            return NOTHING
        shown = columns_shown(self.app.run_now, self.app.preferences.columns)
        place = shown.index(self.app.view.sort) if self.app.view.sort in shown else -by
        self.sort_by(shown[(place + by) % len(shown)])
        return None

    def sort_by(self, key: str) -> None:
        """Sort by a column; by the same again: the other way round."""
        self._sort(key, not self.app.view.descending if key == self.app.view.sort else False)

    def do_reverse(self) -> Reason:
        self._sort(self.app.view.sort, not self.app.view.descending)
        return None

    def _sort(self, key: str, descending: bool) -> None:
        self.app.remember(sort=key, descending=descending)
        self.app.change_view(sort=key, descending=descending)

    def do_columns(self) -> Reason:
        run = self.app.run_now
        if run is None:
            return NOTHING
        there = columns_of(run)
        choices = [Choice(key, f"{column.title}: {column.meaning}") for key, column in there.items()]

        def chosen(keys: list[str] | None) -> None:
            if keys:
                if not run.alone:  # else a comparison would begin without its columns
                    self.app.remember(columns=tuple(keys))
                self.app.browse.table.set_columns(keys)

        shown = columns_shown(run, self.app.preferences.columns)
        self.app.push_screen(SomeDialog("Columns", choices, shown), chosen)
        return None

    def do_margin(self) -> Reason:
        if self.app.run_now is None:
            return NOTHING
        kinds = margin_kinds(self.app.run_now)
        margin = kinds[(kinds.index(self.app.view.margin) + 1) % len(kinds)]
        self.app.remember(margin=margin)
        self.app.change_view(margin=margin)
        self.app.notify(f"margin: the dense model's {MARGIN_KINDS[margin]}", timeout=3)
        return None

    def do_next_pruned(self) -> Reason:
        return self._other(1)

    def do_previous_pruned(self) -> Reason:
        return self._other(-1)

    def _other(self, by: int) -> Reason:
        if self.app.run_now is None:
            return NOTHING
        others = len(self.app.run_now.models) - 1
        if others < 2:
            with_one = "dense is compared with one model only in this run"
            return with_one if others else "dense is alone in this run: there is no other model"
        self.app.change_view(other=1 + (self.app.view.other - 1 + by) % others)
        return None
