"""The samples of a run as a table: columns, order and filter. Pure functions of a Run and a View."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.comparison import SETS, clean_correct, clean_known
from thinice_tui.analysis.curve import distances, has_distances
from thinice_tui.analysis.query.language import Field, NameField, NumberField, matches
from thinice_tui.protocol.distance import is_distance
from thinice_tui.runfile.records import Floats, ModelOutcomes, Run

UNDECIDED = "?"
SET_NAMES = (*SETS, UNDECIDED)
ALL_SETS = frozenset(SET_NAMES)
HELD_SETS = frozenset({"S10", "S11", UNDECIDED})
"""What dense holds: among these are the samples that pruning can lose."""
ALONE_SETS = {"S11": "held", "S00": "broken", UNDECIDED: UNDECIDED}
"""What the sets are called where dense is alone in a run: whatever both hold, it holds."""
SET_ORDER = ("S10", "S01", "S11", "S00", UNDECIDED)
"""Sorted by set, the flips come first."""
CLEAN = "clean"
"""What `broken by` says of a sample that is misclassified without any attack."""
MarginKind = Literal["clean", "attacked", "distance"]
MARGIN_KINDS: dict[MarginKind, str] = {
    "clean": "clean margin",
    "attacked": "margin under attack",
    "distance": "distance to the boundary",
}
Order = NDArray[np.int64]


@dataclass(frozen=True)
class View:
    """What of a run is looked at, and how."""

    other: int = 1
    """The model that dense is compared with, by its number in the run; 0: dense itself, where it is alone."""
    margin: MarginKind = "clean"
    """Whether the dense margin is that of the clean image or of the worst adversarial one found, or in pixels."""
    sort: str = "margin"
    descending: bool = False
    query: str = ""
    sets: frozenset[str] = HELD_SETS
    """The sets that are shown."""


def live_sets(run: Run, other: ModelOutcomes) -> NDArray[np.int8]:
    """Each sample's set so far, int8 [n] into SET_NAMES, also in the middle of a stage.

    A model's loss counts only where the opposite model has stood the stage that caused it on the same
    sample; until then, and before both have gone through a first stage, the sample is undecided. When
    all is done these are the sets of `comparison.compare`.
    """
    dense = run.models[0]
    known = clean_known(dense) & clean_known(other)
    lost_dense, at_dense = _lost(run, dense)
    lost_other, at_other = _lost(run, other)
    through_dense, through_other = _gone_through(run, dense), _gone_through(run, other)
    codes = np.full(len(run.labels), SET_NAMES.index(UNDECIDED), dtype=np.int8)
    both = np.minimum(through_dense, through_other)
    codes[known & ~lost_dense & ~lost_other & (both >= 1)] = SETS.index("S11")
    codes[known & ~lost_dense & lost_other & (np.maximum(at_other, 0) < through_dense)] = SETS.index("S10")
    codes[known & lost_dense & ~lost_other & (np.maximum(at_dense, 0) < through_other)] = SETS.index("S01")
    codes[known & lost_dense & lost_other] = SETS.index("S00")
    return codes


def _lost(run: Run, model: ModelOutcomes) -> tuple[NDArray[np.bool_], NDArray[np.int16]]:
    """Whether each sample is misclassified or broken, and the ordinal of the stage; −1 for clean or none."""
    return ~clean_correct(run, model) | (model.broken_by >= 0), model.broken_by


def _gone_through(run: Run, model: ModelOutcomes) -> NDArray[np.int16]:
    """Stages that each sample has gone through, int16 [n]: the finished ones, and one more where its batch is done."""
    through = np.full(len(run.labels), sum(stage.finished for stage in model.stages), dtype=np.int16)
    size = run.info.batch_size
    for stage in model.stages:
        if not stage.finished and stage.batches:
            entering = clean_correct(run, model)
            if not is_distance(stage.parameters):  # which looks at what is broken, too
                entering &= (model.broken_by < 0) | (model.broken_by >= stage.ordinal)
            entered = np.flatnonzero(entering)
            done = np.zeros(-(-len(entered) // size), dtype=bool)
            done[[batch for batch in stage.batches if batch < len(done)]] = True
            through[entered[np.repeat(done, size)[: len(entered)]]] += 1
    return through


@dataclass(frozen=True)
class SampleTable:
    """Every sample of a run under dense and one other model, which is dense itself where that is alone."""

    run: Run
    other: ModelOutcomes
    margin_kind: MarginKind

    @property
    def compared(self) -> tuple[ModelOutcomes, ...]:
        """Dense and the other model, or dense alone."""
        return self.run.models[:1] if self.run.alone else (self.run.models[0], self.other)

    @cached_property
    def sets(self) -> NDArray[np.int8]:
        """Int8 [n] into SET_NAMES."""
        return live_sets(self.run, self.other)

    @property
    def margins(self) -> Floats:
        """The dense model's margin of the chosen kind, float32 [n]."""
        return margins_of(self.run, self.run.models[0], self.margin_kind)

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """A name for every class, its number where the data has none."""
        names, classes = self.run.class_names, self.run.info.classes
        return names if len(names) == classes else tuple(str(number) for number in range(classes))

    @cached_property
    def stage_names(self) -> tuple[str, ...]:
        """Of the run's stages, and CLEAN as the last."""
        return (*(stage.name for stage in self.run.models[0].stages), CLEAN)

    def broken_by(self, model: ModelOutcomes) -> NDArray[np.int16]:
        """Int16 [n] into stage_names, −1 while standing or unknown."""
        wrong = clean_known(model) & ~clean_correct(self.run, model)
        return np.where(wrong, np.int16(len(self.stage_names) - 1), model.broken_by)

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """Every column of the run, by the key that the filter language knows it by."""
        return {key: column.values(self) for key, column in columns_of(self.run).items()}


def margins_of(run: Run, model: ModelOutcomes, kind: MarginKind) -> Floats:
    """A model's margins of that kind, float32 [n]; distances are 0 where the clean image is misclassified."""
    if kind == "distance":
        return distances(run, model).astype(np.float32)
    return model.clean_margin if kind == "clean" else model.worst_margin


def margin_kinds(run: Run) -> list[MarginKind]:
    """Those that the run holds."""
    return [kind for kind in MARGIN_KINDS if kind != "distance" or has_distances(run)]


@dataclass(frozen=True)
class Column:
    """One column; its key is what the filter, the sort and the settings call it."""

    title: str
    meaning: str
    values: Callable[[SampleTable], Field]


COLUMNS: dict[str, Column] = {
    "sample": Column("sample", "index in the original data", lambda t: NumberField(t.run.indices)),
    "label": Column("label", "the true class", lambda t: NameField(t.run.labels, t.class_names)),
    "dense": Column(
        "dense",
        "what dense says under the worst attack found",
        lambda t: NameField(t.run.models[0].worst_prediction, t.class_names),
    ),
    "pruned": Column(
        "pruned",
        "what the pruned model says under the worst attack found",
        lambda t: NameField(t.other.worst_prediction, t.class_names),
    ),
    "margin": Column("margin", "the dense margin, of the kind chosen with m", lambda t: NumberField(t.margins)),
    "set": Column("set", "who holds the sample: dense first, pruned second", lambda t: NameField(t.sets, SET_NAMES)),
    "broken_by": Column(
        "broken by",
        "the stage that broke the pruned model; clean: wrong without attack",
        lambda t: NameField(t.broken_by(t.other), t.stage_names),
    ),
    "dense_broken_by": Column(
        "dense broken by",
        "the stage that broke dense",
        lambda t: NameField(t.broken_by(t.run.models[0]), t.stage_names),
    ),
    "dense_clean": Column(
        "dense clean",
        "what dense says of the clean image",
        lambda t: NameField(t.run.models[0].clean_prediction, t.class_names),
    ),
    "pruned_clean": Column(
        "pruned clean",
        "what the pruned model says of the clean image",
        lambda t: NameField(t.other.clean_prediction, t.class_names),
    ),
    "pruned_margin": Column(
        "pruned margin",
        "the pruned model's margin, of the same kind; its scale is its own",
        lambda t: NumberField(margins_of(t.run, t.other, t.margin_kind)),
    ),
    "distance": Column(
        "distance",
        "dense's minimum-norm distance to its boundary, where --distances measured it",
        lambda t: NumberField(distances(t.run, t.run.models[0])),
    ),
    "pruned_distance": Column(
        "pruned distance",
        "the same of the pruned model; distances of two models can be compared",
        lambda t: NumberField(distances(t.run, t.other)),
    ),
}
DEFAULT_COLUMNS = ("sample", "label", "dense", "pruned", "margin", "set", "broken_by")
OF_DENSE = {
    "pruned": "dense",
    "broken_by": "dense_broken_by",
    "pruned_clean": "dense_clean",
    "pruned_margin": "margin",
    "pruned_distance": "distance",
}
"""By the columns of a pruned model, the same of dense."""


def columns_of(run: Run) -> dict[str, Column]:
    """The columns that mean something in this run: where dense is alone, those about it."""
    return {key: column for key, column in COLUMNS.items() if not run.alone or key not in (*OF_DENSE, "set")}


def columns_shown(run: Run, keys: Sequence[str]) -> tuple[str, ...]:
    """Those of `keys` that the run has, dense's own in place of a pruned model's where it is alone; at least one."""
    there = columns_of(run)
    meant = dict.fromkeys(key if key in there else OF_DENSE.get(key, "") for key in keys)
    return tuple(key for key in meant if key) or ("margin",)


@dataclass(frozen=True)
class Rows:
    """What a view shows: positions of the samples that pass, in order; int64 [k]."""

    view: View
    table: SampleTable
    order: Order

    def row_of(self, position: int | None) -> int | None:
        """The row of the sample at `position`; None where it is not shown."""
        found = np.flatnonzero(self.order == position) if position is not None else np.empty(0, np.int64)
        return int(found[0]) if len(found) else None

    @cached_property
    def set_counts(self) -> dict[str, int]:
        """Samples of each set among all, whatever the filter."""
        counts = np.bincount(self.table.sets, minlength=len(SET_NAMES))
        return {name: int(count) for name, count in zip(SET_NAMES, counts, strict=True)}


def select_rows(run: Run, view: View) -> Rows:
    """The rows of `run` that `view` asks for, with the view as the run allows it; raises QueryError."""
    view = replace(view, other=min(view.other, len(run.models) - 1), sort=columns_shown(run, [view.sort])[0])
    table = SampleTable(run, run.models[view.other], view.margin)
    mask = matches(view.query, table.fields) if view.query.strip() else np.ones(len(run.labels), dtype=bool)
    if view.sets != ALL_SETS:
        mask = mask & np.array([name in view.sets for name in SET_NAMES])[table.sets]
    if not view.sets & {"S01", "S00"}:  # what dense has lost already can end in no other set
        mask = mask & ~_lost(run, run.models[0])[0]
    return Rows(view, table, _ordered(table, view, np.flatnonzero(mask)))


def _ordered(table: SampleTable, view: View, positions: Order) -> Order:
    """`positions` sorted stably; what is unknown comes last in both directions."""
    field = table.fields[view.sort]
    if isinstance(field, NumberField):
        keys, unknown = field.values[positions], np.isnan(field.values[positions])
    else:
        codes = field.codes[positions]
        keys, unknown = _ranks(field.names)[codes], codes < 0
    known = np.flatnonzero(~unknown)
    keys = keys[known]
    places = np.argsort(-keys if view.descending else keys, kind="stable")
    return np.concatenate([positions[known[places]], positions[unknown]])


def _ranks(names: tuple[str, ...]) -> NDArray[np.int32]:
    """The place of each name when sorted: the sets with flips first, numbers as numbers, else by alphabet."""
    order: tuple[str, ...] | list[str] = SET_ORDER
    if names != SET_NAMES:
        order = sorted(names, key=lambda name: (0, int(name), "") if name.isdecimal() else (1, 0, name.casefold()))
    place = {name: rank for rank, name in enumerate(order)}
    return np.array([place[name] for name in names] or [0], dtype=np.int32)
