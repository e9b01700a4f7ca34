"""The rows that a view shows: which samples pass its filter and sets, in which order."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.live_sets import ALL_SETS, HELD_SETS, SET_NAMES, UNDECIDED, lost_so_far
from thinice_tui.analysis.margins import MarginKind
from thinice_tui.analysis.query.fields import NumberField
from thinice_tui.analysis.query.parse import matches
from thinice_tui.analysis.several.fates import Fates
from thinice_tui.analysis.table import LOST_IN, SampleTable, columns_shown
from thinice_tui.runfile.records import Run

SET_ORDER = ("S10", "S01", "S11", "S00", UNDECIDED)
"""The order of the sets when sorted: flips first."""
FLIPS = ("S10", "S01")
Positions = NDArray[np.int64]


@dataclass(frozen=True)
class View:
    """Which samples of a run are shown, in which order, and which model dense is compared with."""

    other: int = 1
    """The number of that model in the run; 0, dense itself, where dense is alone."""
    margin: MarginKind = "clean"
    sort: str = "margin"
    """Key of the column to sort by."""
    descending: bool = False
    query: str = ""
    """A filter in the language of `query.parse`; blank: all samples."""
    sets: frozenset[str] = HELD_SETS
    """The sets that are shown."""


@dataclass(frozen=True)
class Rows:
    """The samples that a view shows. order: their positions in the run, int64 [k]."""

    view: View
    table: SampleTable
    order: Positions
    kept: int | None = None
    """The position of a sample that is shown although it does not pass: the cursor is on it."""

    @cached_property
    def lines(self) -> Positions:
        """The positions of what the table shows: `order`, and the kept sample in its place."""
        if self.kept is None:
            return self.order
        return _sorted(self.table, self.view, np.sort(np.append(self.order, self.kept)))

    def row_of(self, position: int | None) -> int | None:
        """The sample's place in `order`; None where it is not there."""
        return _place(self.order, position)

    def line_of(self, position: int | None) -> int | None:
        """The sample's line in the table; None where it has none."""
        return _place(self.lines, position)

    @cached_property
    def flips(self) -> NDArray[np.int64]:
        """The lines of lost and gained samples, rising."""
        flipped = np.array([name in FLIPS for name in SET_NAMES])
        return np.flatnonzero(flipped[self.table.sets[self.lines]])

    @cached_property
    def set_counts(self) -> dict[str, int]:
        """Samples in each set, whatever the filter."""
        counts = np.bincount(self.table.sets, minlength=len(SET_NAMES))
        return {name: int(count) for name, count in zip(SET_NAMES, counts, strict=True)}


def _place(positions: Positions, position: int | None) -> int | None:
    found = np.flatnonzero(positions == position) if position is not None else np.empty(0, np.int64)
    return int(found[0]) if len(found) else None


def select_rows(
    run: Run, view: View, before: Rows | None = None, keep: int | None = None, fates: Fates | None = None
) -> Rows:
    """The rows of `run` that `view` asks for; raises QueryError where its filter is wrong.

    A model or sort column that the run lacks is replaced in the view that is returned. before: rows whose sets and
    fates are taken over where they are of the same run; keep: the position of a sample that gets a line whether it
    passes or not; fates: of the samples in several runs, this one the first.
    """
    known = before.table.model_sets if before is not None and before.table.run is run else None
    if fates is None and before is not None and before.table.run is run:
        fates = before.table.fates
    seeds = 0 if fates is None else fates.seeds
    view = replace(view, other=min(view.other, len(run.models) - 1), sort=columns_shown(run, [view.sort], seeds)[0])
    table = SampleTable(run, run.models[view.other], view.margin, known, fates)
    mask = matches(view.query, table.fields) if view.query.strip() else np.ones(len(run.labels), dtype=bool)
    if view.sets != ALL_SETS:
        mask = mask & np.array([name in view.sets for name in SET_NAMES])[table.sets]
    if not view.sets & {"S01", "S00"}:  # an undecided sample that dense has lost can end in these alone
        mask = mask & ~lost_so_far(run, run.models[0])
    kept = keep if keep is not None and not mask[keep] else None
    return Rows(view, table, _sorted(table, view, np.flatnonzero(mask)), kept)


def _sorted(table: SampleTable, view: View, positions: Positions) -> Positions:
    """`positions` sorted stably by the view's column; unknown values come last in both directions.

    Of the samples that fall at one sparsity, and of those that never do, the lowest dense margins come first; likewise
    of those that as many training seeds lose.
    """
    if view.sort in ("falls_at", LOST_IN):
        positions = positions[np.argsort(table.margins[positions], kind="stable")]
    field = table.fields[view.sort]
    if isinstance(field, NumberField):
        keys, unknown = field.values[positions], np.isnan(field.values[positions])
    else:
        codes = field.codes[positions]
        keys, unknown = _ranks(field.names)[codes], codes < 0
    known = np.flatnonzero(~unknown)
    keys = keys[known]
    order = np.argsort(-keys if view.descending else keys, kind="stable")
    return np.concatenate([positions[known[order]], positions[unknown]])


def _ranks(names: tuple[str, ...]) -> NDArray[np.int32]:
    """The rank of each name: sets in SET_ORDER, numbers by value, other names by alphabet after them."""
    order: tuple[str, ...] | list[str] = SET_ORDER
    if names != SET_NAMES:
        order = sorted(names, key=lambda name: (0, int(name), "") if name.isdecimal() else (1, 0, name.casefold()))
    rank = {name: number for number, name in enumerate(order)}
    return np.array([rank[name] for name in names] or [0], dtype=np.int32)
