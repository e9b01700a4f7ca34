"""What is looked at: a run, the samples that are shown, the selected one, statistics and preferences.

Screens and actions are given the session. They read it, change it by its methods, and listen to its changes.
"""

import gc
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.analysis.correctness import clean_known
from thinice_tui.analysis.margins import margin_kinds
from thinice_tui.analysis.query.ranges import with_range
from thinice_tui.analysis.rows import Rows, View, select_rows
from thinice_tui.analysis.several.fates import Fates
from thinice_tui.analysis.table import (
    SampleTable,
    begins_with_ladder,
    columns_of_ladder,
    columns_shown,
    with_lost_in,
    with_tags,
)
from thinice_tui.errors import RunFileError
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.liveness import is_computing
from thinice_tui.runfile.records import Run
from thinice_tui.tui.action_registry import Reason
from thinice_tui.tui.background import Background
from thinice_tui.tui.exit_message import exit_message
from thinice_tui.tui.interface import Notifier, SessionListener
from thinice_tui.tui.local_engine import LocalEngine
from thinice_tui.tui.other_runs import OtherRuns
from thinice_tui.tui.preferences import load_preferences, save_preferences
from thinice_tui.tui.run_follower import Reading, RunFollower

LADDER_ORDER = "falls_at"
"""The column that the ladder is sorted by at first."""
NO_SAMPLES = "there are no samples to choose from"


class Session:
    """One run file, or one request whose engine will name its run file."""

    def __init__(
        self,
        notifier: Notifier,
        background: Background,
        settings_file: Path,
        request: Request | None = None,
        path: Path | None = None,
        runs: Sequence[Run] = (),
    ) -> None:
        """runs: several that are read together, that of `path` the first."""
        self._notifier, self._background, self._settings_file = notifier, background, settings_file
        self.preferences, self.settings_problem = load_preferences(settings_file)
        self.request = request
        self.path = path
        self.run: Run | None = None
        """The run as last read."""
        self.engine = LocalEngine(background)
        self._was_computing = False
        """Whether the engine that the run file names was alive at the last reading."""
        starting, reading = "starting the engine: it loads torch", f"reading {path}" if path else "no run is open"
        self.waiting_for = starting if request else reading
        """What is done before the first reading, and while an engine starts."""
        self.waiting_since = time.monotonic()
        self.view = View(
            margin=self.preferences.margin, sort=self.preferences.sort, descending=self.preferences.descending
        )
        self.job = ""
        """How far a job is that writes files; empty: none that takes long."""
        self.columns = self.preferences.columns
        """The columns of the table of one comparison."""
        self.shows_ladder = False
        """Whether the table shows all models."""
        self.rows: Rows | None = None
        self.cursor = 0
        """The selected row."""
        self.marked: frozenset[int] = frozenset()
        """The positions of the samples that are marked, shown or not."""
        self.analysis: Analysis | None = None
        self._analysis_key: object = None
        """What the newest analysis that was begun depends on."""
        self._listeners: list[SessionListener] = []
        self._follower: RunFollower | None = None
        self._warnings_shown: set[str] = set()
        self.others: OtherRuns | None = None
        """The runs that are read together with this one; None: it is read alone."""
        if runs:
            self.others = OtherRuns(background, runs, self._other_read, self._announce_content, self.run_unreadable)

    # listeners

    def add_listener(self, listener: SessionListener) -> None:
        """Tell `listener` what changes from now on."""
        self._listeners.append(listener)

    def remove_listener(self, listener: SessionListener) -> None:
        """Tell `listener` nothing any more."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def wait_for(self, what: str) -> None:
        """Tell everybody what is done before there is something to see."""
        self.waiting_for = what
        self.announce_run()

    def announce_run(self) -> None:
        """Tell everybody that the run, or what its engine does, has changed."""
        for listener in list(self._listeners):
            listener.run_changed()

    def _announce_content(self) -> None:
        for listener in list(self._listeners):
            listener.content_changed()

    def _announce_rows(self) -> None:
        for listener in list(self._listeners):
            listener.rows_changed()
        self._announce_content()

    # reading

    def follow(self, path: Path) -> None:
        """Read the run file `path` from now on, as it grows."""
        self.path = path
        self.close()
        self._follower = RunFollower(
            path,
            self._background,
            is_expected=self.request is not None,
            rows_of=self._rows_of,
            on_read=self.run_read,
            on_error=self.run_unreadable,
        )
        if self.others is not None:
            self.others.follow()

    def close(self) -> None:
        """Read the run file no more."""
        for reader in (self._follower, self.others):
            if reader is not None:
                reader.stop()

    def browse_next_run(self) -> Reason:
        """Browse the next of several runs: the same sample and, as far as it has one, the same model."""
        if self.others is None or self.rows is None:
            return "one run is open: thinice-tui open A.thinice B.thinice reads several together"
        if self.engine.is_alive:
            return "the engine that was started here computes this run: wait for it, or open the other by itself"
        self.close()
        kept, other = self.position, self.others.browse_next(self.view.other)
        run = self.others.browsed
        self.view, self.analysis, self._analysis_key = replace(self.view, other=other), None, None
        order = np.array([] if kept is None else [kept], dtype=np.int64)
        self.rows, self.cursor = replace(self.rows, view=self.view, order=order, kept=None), 0
        self._was_computing = False  # of this run
        self.run_read(Reading(run, is_computing(run), None))
        self._set_rows(select_rows(run, self.view, self.rows, kept))
        self.follow(Path(run.path))
        return None

    def run_read(self, reading: Reading) -> None:
        """Take over what was read, unless another run is browsed by now."""
        if self.others is not None and reading.run.path != self.others.browsed.path:
            return
        run, before, was_alive = reading.run, self.run, self.named_engine_is_alive
        self.view = self._view_of(run)
        if before is None:
            self.shows_ladder = begins_with_ladder(run)
        self.run = run
        self._was_computing = reading.is_computing
        if self.others is not None:
            self.others.browse(run)
        if reading.rows is not None:
            kept = None if self.rows is None else self.rows.kept
            is_new = reading.rows.view == self.view and kept is None and self.others is None
            self._set_rows(reading.rows if is_new else select_rows(run, self.view, reading.rows, kept, self._fates))
        elif self.rows is not None:
            table = SampleTable(run, run.models[self.rows.view.other], self.rows.view.margin, fates=self._fates)
            self.rows = replace(self.rows, table=table)
        self._analyse_if_new(run)
        self._show_warnings(run)
        if was_alive and not self.named_engine_is_alive and before is not None:
            for listener in list(self._listeners):
                listener.engine_vanished(before)
        self.announce_run()

    def _other_read(self) -> None:
        """Another run has grown: what is known over seeds is no more what it was."""
        if self.run is not None and self.rows is not None:
            self._set_rows(select_rows(self.run, self.view, self.rows, self.rows.kept, self._fates))
            self._analyse_if_new(self.run)
            self.announce_run()

    @property
    def _fates(self) -> Fates | None:
        return None if self.others is None else self.others.fates

    @property
    def seeds(self) -> int:
        """How many training seeds are read together; 0: this one run alone."""
        return 0 if self.others is None else self.others.fates.seeds

    def _rows_of(self, run: Run) -> Rows:
        """The rows of `run`, in the thread that has read it."""
        return select_rows(run, self._view_of(run), fates=self.others.with_browsed(run) if self.others else None)

    def _view_of(self, run: Run) -> View:
        """The view of `run`: what was chosen, as far as the run has it; of several models the ladder at first."""
        view = self.view
        if view.margin not in margin_kinds(run):  # remembered from another run
            view = replace(view, margin="clean")
        if run.alone:
            view = replace(view, other=0, sort=columns_shown(run, [view.sort], self.seeds)[0])
        if self.run is None and begins_with_ladder(run):
            view = replace(view, sort=LADDER_ORDER, descending=False)
        return view

    def run_unreadable(self, error: RunFileError) -> None:
        """Say that a run file cannot be read; what was read before stays."""
        kept = "" if self.run is None else " What was read before stays in view."
        self._notifier.notify(f"{error.what}. {error.do}.{kept}", title="The run file", severity="error", timeout=15)
        if self.run is None:
            self.waiting_for = error.what
            self.announce_run()

    def _show_warnings(self, run: Run) -> None:
        new = [warning for warning in run.warnings if warning not in self._warnings_shown]
        self._warnings_shown.update(new)
        for warning in new:
            self._notifier.notify(warning, title="Warning", severity="warning", timeout=12)

    def _analyse_if_new(self, run: Run) -> None:
        """Compute statistics anew where models have finished a stage; they do not change with every batch."""
        finished = tuple(sum(stage.finished for stage in model.stages) for model in run.models)
        known = tuple(int(clean_known(model).sum()) for model in run.models)
        repeats = () if self.others is None else self.others.repeats
        key = finished, known, run.complete, len(repeats)
        if key != self._analysis_key:
            self._analysis_key = key
            self._background.start(self._analyse, run, repeats, key)

    def _analyse(self, run: Run, repeats: Sequence[Run], key: object) -> None:
        self._background.deliver(self.analysed, analyse(run, (), repeats), key)

    def analysed(self, analysis: Analysis, key: object) -> None:
        """Take over statistics, unless newer ones are being computed."""
        if key == self._analysis_key:
            if self.analysis is None:
                # What exists now stays: a full garbage collection while keys are pressed then takes at most 35 ms of
                # processor time in place of 80 (300 keys, 10k rows).
                gc.freeze()
            self.analysis = analysis
            self._announce_content()

    # what is shown

    @property
    def position(self) -> int | None:
        """The selected sample's position in the run; None where no row is shown."""
        if self.rows is None or not len(self.rows.lines):
            return None
        return int(self.rows.lines[self.cursor])

    @property
    def columns_in_view(self) -> tuple[str, ...]:
        """The keys of the table's columns."""
        if self.run is None:
            return self.columns
        table = with_lost_in(self.columns) if self.seeds > 1 else self.columns
        return with_tags(self.run, columns_of_ladder(self.run) if self.shows_ladder else table)

    def _set_rows(self, rows: Rows) -> None:
        """Show these rows; the selected sample stays selected where it is among them."""
        row = rows.line_of(self.position)
        self.rows = rows
        self.cursor = max(0, min(self.cursor, len(rows.lines) - 1)) if row is None else row
        self._announce_rows()

    def change_view(self, **changes: Any) -> None:
        """Show the same run in another way: other values for fields of View."""
        self.view = replace(self.view, **changes)
        if self.run is not None:
            self._set_rows(select_rows(self.run, self.view, self.rows))
            self.announce_run()

    def compare_with(self, other: int) -> None:
        """Compare dense with the model `other`; the selected sample keeps a line, whatever the filter."""
        self.view = replace(self.view, other=other)
        if self.run is not None:
            self._set_rows(select_rows(self.run, self.view, self.rows, self.position))
            self.announce_run()

    def show_ladder(self, shown: bool) -> None:
        """Show all models, by where samples fall; or the table of one comparison, in the order that is remembered."""
        self.shows_ladder = shown
        sort, descending = self.preferences.sort, self.preferences.descending
        self.change_view(sort=LADDER_ORDER if shown else sort, descending=not shown and descending)

    def select(self, row: int) -> bool:
        """Select `row`, or the nearest that there is; False where that is selected already."""
        if self.rows is None or not len(self.rows.lines):
            return False
        row = max(0, min(row, len(self.rows.lines) - 1))
        if row == self.cursor:
            return False
        self.cursor = row
        for listener in list(self._listeners):
            listener.selection_changed()
        self._announce_content()
        return True

    def move(self, by: int) -> Reason:
        """Select the row `by` rows further down, or the last that there is."""
        if self.position is None:
            return NO_SAMPLES
        if self.select(self.cursor + by):
            return None
        return "this is the last sample" if by > 0 else "this is the first sample"

    def sort_by(self, key: str) -> None:
        """Sort by a column, ascending; by the same again: in the other direction."""
        self.set_order(key, not self.view.descending if key == self.view.sort else False)

    def set_order(self, sort: str, descending: bool) -> None:
        """Sort by the column `sort`, and remember that; the order of the ladder is not remembered."""
        if not self.shows_ladder:
            self.remember(sort=sort, descending=descending)
        self.change_view(sort=sort, descending=descending)

    def mark(self, positions: Iterable[int]) -> None:
        """Mark the samples at these positions, and no others."""
        self.marked = frozenset(positions)
        self._announce_rows()

    def filter_margin(self, margins: str) -> None:
        """Show only margins in the range `margins`, as the filter writes it, beside the filter; or all again."""
        self.change_view(query=with_range(self.view.query, "margin", margins))

    def choose_columns(self, keys: Sequence[str]) -> None:
        """Show these columns, and remember them; those of a dense model alone would not suit a comparison."""
        self.columns = tuple(keys)
        if self.run is None or not self.run.alone:
            self.remember(columns=self.columns)
        self._announce_rows()

    def choose_plot(self, kind: str) -> None:
        """Draw the plot `kind` from now on."""
        self.remember(plot=kind)
        self._announce_content()

    def remember(self, **changes: Any) -> None:
        """Keep a preference, in the settings file too; a file that cannot be written is reported once."""
        before = self.preferences
        self.preferences = replace(before, **changes)
        if self.preferences == before or self.settings_problem:
            return  # unchanged, or a file that is not understood and so left as it is
        if problem := save_preferences(self._settings_file, self.preferences):
            self.settings_problem = problem
            self._notifier.notify(problem, severity="warning")

    # the engine

    @property
    def named_engine_is_alive(self) -> bool:
        """Whether the engine that the run file names computes it; one that was started here may have ended since."""
        return self._was_computing and self.run is not None and not self.engine.has_ended(self.run.engine)

    @property
    def engine_is_starting(self) -> bool:
        """Whether an engine that was started here is alive, and the run file does not name it yet."""
        if not self.engine.is_alive or self.named_engine_is_alive or (self.run is not None and self.run.complete):
            return False
        named = self.run.engine if self.run is not None else None
        return named is None or named.pid != self.engine.pid

    @property
    def is_computing(self) -> bool:
        """Whether an engine computes the run, or is about to."""
        return self.named_engine_is_alive or self.engine_is_starting

    def exit_message(self, what: str = "") -> str:
        """What to print after the interface: `what`, or that the engine goes on; and how to open the run again."""
        own = [] if self.path is None else [str(self.path)]
        paths = own if self.others is None else [run.path for run in self.others.runs]
        return exit_message(what, paths, self.is_computing)
