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
from thinice_tui.analysis.query.tokens import shortened
from thinice_tui.analysis.rows import Rows, View, select_rows
from thinice_tui.analysis.table import SampleTable, columns_of_ladder, columns_shown, has_ladder, with_tags
from thinice_tui.errors import RunFileError
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.demo import DEMO
from thinice_tui.runfile.records import Run
from thinice_tui.safe_io.printable import printable
from thinice_tui.tui.action_registry import Reason
from thinice_tui.tui.background import Background
from thinice_tui.tui.interface import Notifier
from thinice_tui.tui.local_engine import LocalEngine
from thinice_tui.tui.preferences import load_preferences, save_preferences
from thinice_tui.tui.run_follower import Reading, RunFollower

LADDER_ORDER = "falls_at"
"""The column that the ladder is sorted by at first."""
NO_SAMPLES = "there are no samples to choose from"


class SessionListener:
    """Is told what has changed. All calls come in the interface's thread."""

    def run_changed(self) -> None:
        """The run was read again, or its engine does something else."""

    def rows_changed(self) -> None:
        """Other samples are shown, or the same in another order or other columns."""

    def selection_changed(self) -> None:
        """Another row is selected."""

    def content_changed(self) -> None:
        """Rows, selection, kind of plot or statistics have changed."""

    def engine_vanished(self, before: Run) -> None:
        """The engine that the run file names has ended; before: the run as it was read while that lived."""


class Session:
    """One run file, or one request whose engine will name its run file."""

    def __init__(
        self,
        notifier: Notifier,
        background: Background,
        settings_file: Path,
        request: Request | None = None,
        path: Path | None = None,
    ) -> None:
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
            view_of=self._view_of,
            on_read=self.run_read,
            on_error=self.run_unreadable,
        )

    def close(self) -> None:
        """Read the run file no more."""
        if self._follower is not None:
            self._follower.stop()

    def run_read(self, reading: Reading) -> None:
        """Take over what was read."""
        run, before, was_alive = reading.run, self.run, self.named_engine_is_alive
        self.view = self._view_of(run)
        if before is None:
            self.shows_ladder = _begins_with_ladder(run)
        self.run = run
        self._was_computing = reading.is_computing
        if reading.rows is not None:
            kept = None if self.rows is None else self.rows.kept
            is_new = reading.rows.view == self.view and kept is None
            self._set_rows(reading.rows if is_new else select_rows(run, self.view, reading.rows, kept))
        elif self.rows is not None:
            table = SampleTable(run, run.models[self.rows.view.other], self.rows.view.margin)
            self.rows = replace(self.rows, table=table)
        self._analyse_if_new(run)
        self._show_warnings(run)
        if was_alive and not self.named_engine_is_alive and before is not None:
            for listener in list(self._listeners):
                listener.engine_vanished(before)
        self.announce_run()

    def _view_of(self, run: Run) -> View:
        """The view of `run`: what was chosen, as far as the run has it; of several models the ladder at first."""
        view = self.view
        if view.margin not in margin_kinds(run):  # remembered from another run
            view = replace(view, margin="clean")
        if run.alone:
            view = replace(view, other=0, sort=columns_shown(run, [view.sort])[0])
        if self.run is None and _begins_with_ladder(run):
            view = replace(view, sort=LADDER_ORDER, descending=False)
        return view

    def run_unreadable(self, error: RunFileError) -> None:
        """Say that the run file cannot be read; what was read before stays."""
        kept = "" if self.run is None else " What was read before stays in view."
        self._notifier.notify(f"{error.what}. {error.do}.{kept}", title="The run file", severity="error", timeout=15)
        if self.run is None:
            self.waiting_for = error.what
            self.announce_run()

    def _show_warnings(self, run: Run) -> None:
        warnings = (*run.info.warnings, *filter(None, [run.tags_problem]))
        new = [warning for warning in warnings if warning not in self._warnings_shown]
        self._warnings_shown.update(new)
        for warning in new:
            self._notifier.notify(warning, title="Warning", severity="warning", timeout=12)

    def _analyse_if_new(self, run: Run) -> None:
        """Compute statistics anew where models have finished a stage; they do not change with every batch."""
        finished = tuple(sum(stage.finished for stage in model.stages) for model in run.models)
        known = tuple(int(clean_known(model).sum()) for model in run.models)
        if (finished, known, run.complete) != self._analysis_key:
            self._analysis_key = (finished, known, run.complete)
            self._background.start(self._analyse, run, self._analysis_key)

    def _analyse(self, run: Run, key: object) -> None:
        self._background.deliver(self.analysed, analyse(run), key)

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
        return with_tags(self.run, columns_of_ladder(self.run) if self.shows_ladder else self.columns)

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

    def move_to_flip(self, by: int) -> Reason:
        """Select the next flip (`by` 1) or the one before (−1) among the samples shown."""
        if self.rows is None or self.position is None:
            return NO_SAMPLES
        flips = self.rows.flips
        if not len(flips):
            return "none of the samples shown is lost or gained"
        place = int(np.searchsorted(flips, self.cursor, side="right" if by > 0 else "left")) - (by < 0)
        if not 0 <= place < len(flips):
            return f"there is no flip further {'down' if by > 0 else 'up'}: {len(flips)} are shown"
        self.select(int(flips[place]))
        return None

    def jump(self, text: str) -> Reason:
        """Select the sample whose index in the original data is `text`; why it cannot be, else None."""
        if self.rows is None:
            return NO_SAMPLES
        indices = self.rows.table.run.indices
        number = text.removeprefix("#").lstrip("0") or "0"
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return f"{shortened(text)} is no sample's number: type one such as {indices[0] if len(indices) else 0}"
        found = np.flatnonzero(indices == int(number))
        if not len(found):
            return f"sample {number} is not in this run: it has {len(indices)}, from {indices.min()} to {indices.max()}"
        row = self.rows.line_of(int(found[0]))
        if row is None:
            return f"sample {number} is in this run but not among the {len(self.rows.order)} shown: esc shows all"
        self.select(row)
        return None

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
        if self.path is None:
            return what
        lines = [what] if what else []
        if self.is_computing and not what:
            lines.append("the attack goes on in the background")
        lines.append(f"look again: thinice-tui {'demo' if self.path == DEMO else f'open {self.path}'}")
        return "\n".join(printable(line) for line in lines)


def _begins_with_ladder(run: Run) -> bool:
    """Whether the ladder is the first thing to see: where several models were pruned."""
    return has_ladder(run) and sum(model.record.role == "pruned" for model in run.models) > 1
