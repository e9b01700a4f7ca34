"""Actions that change what is looked at: the selected sample, sets, order, models, margins, plots, screens."""

import numpy as np
from textual.screen import Screen

from thinice_tui.analysis.live_sets import ALL_SETS, ALONE_SETS, HELD_SETS
from thinice_tui.analysis.margins import MARGIN_KINDS, margin_kinds
from thinice_tui.analysis.query.tokens import quoted, shortened
from thinice_tui.analysis.table import (
    TAG,
    columns_of,
    columns_shown,
    has_ladder,
    shown_meaning,
    shown_title,
)
from thinice_tui.runfile.records import Run
from thinice_tui.safe_io.printable import printable_lines
from thinice_tui.tui.action_registry import Reason
from thinice_tui.tui.content.plot_kinds import PLOTS
from thinice_tui.tui.interface import Interface, SessionListener
from thinice_tui.tui.preferences import Preferences
from thinice_tui.tui.screens.browse import BrowseScreen
from thinice_tui.tui.screens.command_palette import SafeCommandPalette
from thinice_tui.tui.screens.dialogs import Choice, ChoiceDialog, MultipleChoiceDialog
from thinice_tui.tui.screens.help import HelpScreen
from thinice_tui.tui.screens.inspect import InspectScreen
from thinice_tui.tui.screens.plot import PlotScreen
from thinice_tui.tui.screens.report import ReportScreen
from thinice_tui.tui.screens.run_screen import RunScreen
from thinice_tui.tui.session import NO_SAMPLES, Session


class ViewActions(SessionListener):
    """Handlers of actions, `do_<name>`: each returns why it could do nothing, else None."""

    def __init__(self, session: Session, interface: Interface) -> None:
        self._session, self._interface = session, interface
        self._has_begun = False
        session.add_listener(self)

    def run_changed(self) -> None:
        """Say at the beginning what is remembered of the order and the margin."""
        if self._session.run is not None and not self._has_begun:
            self._has_begun = True
            self._tell_remembered()

    def _tell_remembered(self) -> None:
        """Say in which order the table is, and by which margin, where that is not as for a new user."""
        assert self._session.rows is not None
        view, usual = self._session.rows.view, Preferences()
        told = []
        if not self._session.shows_ladder and (view.sort, view.descending) != (usual.sort, usual.descending):
            told.append(f"{self._order_words()}, as you left it: s and r change it")
        if view.margin != usual.margin:
            told.append(f"margin: the dense model's {MARGIN_KINDS[view.margin]}, as you left it: m changes it")
        if told:
            self._interface.notify("; ".join(told), timeout=6)

    def _order_words(self) -> str:
        rows = self._session.rows
        assert rows is not None
        title = shown_title(rows.table.columns[rows.view.sort], rows.table.other)
        return f"sorted by {title} {'↓' if rows.view.descending else '↑'}"

    # moving

    def do_down(self) -> Reason:
        return self._session.move(1)

    def do_up(self) -> Reason:
        return self._session.move(-1)

    def do_first(self) -> Reason:
        return self._move_to_end(-1)

    def do_last(self) -> Reason:
        return self._move_to_end(1)

    def _move_to_end(self, direction: int) -> Reason:
        rows = self._session.rows
        return NO_SAMPLES if rows is None else self._session.move(direction * len(rows.lines))

    def do_next_flip(self) -> Reason:
        return self._move_to_flip(1)

    def do_previous_flip(self) -> Reason:
        return self._move_to_flip(-1)

    def _move_to_flip(self, by: int) -> Reason:
        """Select the next flip (`by` 1) or the one before (−1) among the samples shown."""
        rows, cursor = self._session.rows, self._session.cursor
        if rows is None or self._session.position is None:
            return NO_SAMPLES
        flips = rows.flips
        if not len(flips):
            return "none of the samples shown is lost or gained"
        place = int(np.searchsorted(flips, cursor, side="right" if by > 0 else "left")) - (by < 0)
        if not 0 <= place < len(flips):
            return f"there is no flip further {'down' if by > 0 else 'up'}: {len(flips)} are shown"
        self._session.select(int(flips[place]))
        return None

    # screens

    @property
    def _screen(self) -> Screen[object]:
        """The screen in front."""
        return self._interface.screen_stack[-1]

    def do_inspect(self) -> Reason:
        if self._session.position is None:
            return NO_SAMPLES
        self._lead_to(InspectScreen)
        return None

    def do_plot(self) -> Reason:
        """Draw the next plot where one is shown, else show it."""
        screen = self._screen
        if not isinstance(screen, PlotScreen) and not (isinstance(screen, BrowseScreen) and screen.is_wide):
            return self.do_large_plot()
        kinds = list(PLOTS)
        shown = kinds.index(self._session.preferences.plot)
        self._session.choose_plot(kinds[(shown + 1) % len(kinds)])
        return None

    def do_large_plot(self) -> Reason:
        self._lead_to(PlotScreen)
        return None

    def _lead_to(self, kind: type[RunScreen]) -> None:
        """Show such a screen; or go back to it, where this one was opened from it, so that they do not pile up."""
        if isinstance(self._interface.screen_stack[-2], kind):
            self._interface.go_back()
        else:
            self._interface.show(kind(self._session))

    def do_summary(self) -> Reason:
        self._interface.show(ReportScreen(self._session))
        return None

    def do_help(self) -> Reason:
        if isinstance(self._screen, HelpScreen):
            return "this is the help; esc goes back"
        self._interface.show(HelpScreen(self._session))
        return None

    def do_palette(self) -> Reason:
        if not isinstance(self._screen, SafeCommandPalette):
            self._interface.show(SafeCommandPalette())
        return None

    def do_back(self) -> Reason:
        if isinstance(self._screen, BrowseScreen):
            return "this is the table; q quits"
        self._interface.go_back()
        return None

    def do_show_all(self) -> Reason:
        if not self._session.view.query.strip() and self._session.view.sets == ALL_SETS:
            return "all samples are shown; q quits"
        if self._interface.previous_action == "back":  # one escape too many must not cost the filter
            return "this is the table, filtered as before: esc once more shows all samples"
        self._session.change_view(query="", sets=ALL_SETS)
        return None

    # sets, order, columns, margins, models

    def do_set_s10(self) -> Reason:
        return self._toggle("S10")

    def do_set_s01(self) -> Reason:
        return self._toggle("S01")

    def do_set_s11(self) -> Reason:
        return self._toggle("S11")

    def do_set_s00(self) -> Reason:
        return self._toggle("S00")

    def do_set_all(self) -> Reason:
        sets = HELD_SETS if self._session.view.sets == ALL_SETS else ALL_SETS
        self._session.change_view(sets=sets)
        return None

    def _toggle(self, name: str) -> Reason:
        """Show this set alone where all sets, or those of the start, are shown; else add it or remove it.

        Where none would be left, show all.
        """
        if self._session.rows is None:
            return NO_SAMPLES
        if self._session.rows.table.run.alone and name not in ALONE_SETS:
            return "dense is alone in this run: nothing is lost or gained by pruning"
        shown = self._session.view.sets
        before = self._session.rows.order
        sets = frozenset({name}) if shown in (ALL_SETS, HELD_SETS) else shown ^ {name}
        self._session.change_view(sets=sets or ALL_SETS)
        query = self._session.view.query.strip()
        if query and np.array_equal(before, self._session.rows.order):
            return f"the same samples are shown: the filter /{shortened(query)} leaves no others; esc shows all"
        return None

    def do_sort(self) -> Reason:
        return self._sort_by_neighbour(1)

    def do_sort_back(self) -> Reason:
        return self._sort_by_neighbour(-1)

    def _sort_by_neighbour(self, by: int) -> Reason:
        """Sort by the column `by` columns to the right of the present one."""
        session = self._session
        if session.run is None:
            return NO_SAMPLES
        shown, sort = columns_shown(session.run, session.columns_in_view, session.seeds), session.view.sort
        place = shown.index(sort) if sort in shown else -by
        session.sort_by(shown[(place + by) % len(shown)])
        return None

    def do_reverse(self) -> Reason:
        self._session.set_order(self._session.view.sort, not self._session.view.descending)
        return None

    def do_columns(self) -> Reason:
        run = self._session.run
        if run is None:
            return NO_SAMPLES
        if self._session.shows_ladder:
            self._explain_ladder(run)
            return None
        other = run.models[self._session.view.other]
        choices = [
            Choice(key, shown_title(column, other), meaning=shown_meaning(column, other))
            for key, column in columns_of(run).items()
            if key != TAG  # is there wherever a sample has one
        ]

        def answered(keys: list[str] | None) -> None:
            if keys:
                self._session.choose_columns(keys)

        shown = columns_shown(run, self._session.columns)
        self._interface.ask(MultipleChoiceDialog("Columns", choices, shown), answered)
        return None

    def _explain_ladder(self, run: Run) -> None:
        """What the columns of the ladder mean; they are not for choosing."""
        assert self._session.rows is not None
        known, other = self._session.rows.table.columns, run.models[self._session.view.other]
        shown = [known[key] for key in columns_shown(run, self._session.columns_in_view, self._session.seeds)]
        lines = [f"{shown_title(column, other)}: {shown_meaning(column, other)}" for column in shown]
        choices = [Choice("back", "Back; L: the table of one comparison, with columns to choose")]
        self._interface.ask(
            ChoiceDialog("The ladder's columns", printable_lines("\n".join(lines)), choices), lambda _: None
        )

    def do_margin(self) -> Reason:
        if self._session.run is None:
            return NO_SAMPLES
        kinds = margin_kinds(self._session.run)
        margin = kinds[(kinds.index(self._session.view.margin) + 1) % len(kinds)]
        self._session.remember(margin=margin)
        self._session.change_view(margin=margin)
        self._interface.notify(f"margin: the dense model's {MARGIN_KINDS[margin]}", timeout=3)
        return None

    def do_next_pruned(self) -> Reason:
        return self._compare_with_neighbour(1)

    def do_previous_pruned(self) -> Reason:
        return self._compare_with_neighbour(-1)

    def _compare_with_neighbour(self, by: int) -> Reason:
        """Compare dense with the model `by` places after the present one."""
        if self._session.run is None:
            return NO_SAMPLES
        others = len(self._session.run.models) - 1
        if others == 0:
            return "dense is alone in this run: there is no other model"
        if others == 1:
            return "dense is compared with one model only in this run"
        self._session.compare_with(1 + (self._session.view.other - 1 + by) % others)
        return None

    def do_next_run(self) -> Reason:
        return self._session.browse_next_run()

    def do_ladder(self) -> Reason:
        run = self._session.run
        if run is None:
            return NO_SAMPLES
        if not has_ladder(run):
            return "a ladder needs several models: compare dense.pt with several pruned ones, or with a --control"
        self._session.show_ladder(not self._session.shows_ladder)
        if not self._session.shows_ladder:
            self._tell_remembered()
        return None

    def do_lost_by_pruning(self) -> Reason:
        """Filter by the samples that the model compared with loses and the control holds; again: by nothing."""
        run, view = self._session.run, self._session.view
        if run is None:
            return NO_SAMPLES
        controls = [number for number, model in enumerate(run.models) if model.record.role == "control"]
        if not controls or run.alone:
            return "this run has no control: compare --control FILE shows what retraining alone loses"
        if view.other in controls:
            return "dense is compared with the control: ] goes to a pruned model"
        query = f"set=S10 {quoted(f'set@{run.models[controls[0]].record.name}')}=S11"
        if view.query.strip() == query:
            self._session.change_view(query="")
        else:
            self._session.change_view(query=query, sets=view.sets if "S10" in view.sets else HELD_SETS)
        return None
