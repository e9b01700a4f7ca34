"""The samples of a run as a table: one row a sample, one column a key. Pure functions of a Run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.correctness import clean_correct, clean_known
from thinice_tui.analysis.distances import distances
from thinice_tui.analysis.live_sets import SET_NAMES
from thinice_tui.analysis.margins import MARGIN_TITLES, MarginKind, margins_of
from thinice_tui.analysis.model_sets import ModelSets, models_by_sparsity, short_names
from thinice_tui.analysis.query.fields import Field, Fields, LazyFields, NameField, NumberField
from thinice_tui.analysis.several.fates import Fates
from thinice_tui.runfile.records import Floats, ModelOutcomes, Run

CLEAN = "clean"
"""The value of `broken by` for a sample that is misclassified without attack."""


@dataclass(frozen=True)
class SampleTable:
    """Every sample of a run under dense and one other model; where dense is alone, it is the other model, too."""

    run: Run
    other: ModelOutcomes
    margin_kind: MarginKind
    known_sets: ModelSets | None = None
    """The sets of all models, where another table of this run has them already."""
    fates: Fates | None = None
    """What became of the samples in other runs, where several are read together."""

    @property
    def seeds(self) -> int:
        """How many training seeds are read together; 0: this one run alone."""
        return self.fates.seeds if self.fates is not None else 0

    @cached_property
    def columns(self) -> Mapping[str, "Column"]:
        """Everything that can be sorted and filtered by."""
        columns, title = dict(all_columns(self.run, self.seeds)), MARGIN_TITLES[self.margin_kind]
        for key in ("margin", "pruned_margin"):
            if key in columns:
                columns[key] = replace(columns[key], title=columns[key].title.replace("margin", title))
        return columns

    @property
    def compared(self) -> tuple[ModelOutcomes, ...]:
        """Dense and the other model, or dense alone."""
        return self.run.models[:1] if self.run.alone else (self.run.models[0], self.other)

    @cached_property
    def model_sets(self) -> ModelSets:
        """The sets of all models of the run."""
        return self.known_sets or ModelSets(self.run)

    @cached_property
    def sets(self) -> NDArray[np.int8]:
        """Each sample's set so far, int8 [n] into SET_NAMES."""
        return self.model_sets.codes(next(n for n, model in enumerate(self.run.models) if model is self.other))

    @property
    def margins(self) -> Floats:
        """The dense model's margins of the chosen kind, float32 [n]."""
        return margins_of(self.run, self.run.models[0], self.margin_kind)

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """A name for every class; its number where the data has no names."""
        names, classes = self.run.class_names, self.run.info.classes
        return names if len(names) == classes else tuple(str(number) for number in range(classes))

    @cached_property
    def stage_names(self) -> tuple[str, ...]:
        """The names of the run's stages, then CLEAN."""
        return (*(stage.name for stage in self.run.models[0].stages), CLEAN)

    def broken_by(self, model: ModelOutcomes) -> NDArray[np.int16]:
        """Int16 [n] into stage_names; −1 while not broken or not known."""
        wrong = clean_known(model) & ~clean_correct(self.run, model)
        return np.where(wrong, np.int16(len(self.stage_names) - 1), model.broken_by)

    @property
    def fields(self) -> Fields:
        """Every column of the run, by the key that the filter language knows."""
        columns = {**self.columns, TAG: TAGS}
        return LazyFields({key: partial(column.values, self) for key, column in columns.items()}, self._computed)

    @cached_property
    def _computed(self) -> dict[str, Field]:
        """The fields that were asked for. They do not refer to the table: an old one is freed without a collection."""
        return {}

    def times_lost(self) -> Floats:
        """In how many training seeds the other model loses each sample: float32 [n]; NaN: not known."""
        if self.fates is None:
            return np.full(len(self.run.labels), np.nan, dtype=np.float32)
        return self.fates.times_lost(self.other.record.name)


@dataclass(frozen=True)
class Column:
    """One column of the table, known to filter, sort and settings by its key. A new column is a row of COLUMNS."""

    title: str
    meaning: str
    values: Callable[[SampleTable], Field]
    unit: str = ""
    """Follows a number."""
    model: int | None = None
    """The model whose sets these are, shown as a marker; None: words or numbers."""
    is_divided: bool = False
    """Whether a line separates it from the columns before it."""


LOST_IN = "lost_in"
"""The column that several training seeds add."""


def _tags(table: SampleTable) -> Field:
    """The tags of each sample as one name, and as words."""
    run = table.run
    every = sorted(set(run.tags.values()))
    numbers = {tags: number for number, tags in enumerate(every)}
    codes = np.full(len(run.labels), -1, dtype=np.int32)
    for position in np.flatnonzero(np.isin(run.indices, list(run.tags))) if every else ():
        codes[position] = numbers[run.tags[int(run.indices[position])]]
    return NameField(codes, tuple(" ".join(tags) for tags in every), tuple(every))


TAG = "tag"
TAGS = Column("tags", "your own tags (t), kept in a file beside the run", _tags)
COLUMNS: dict[str, Column] = {
    "sample": Column("sample", "index in the original data", lambda t: NumberField(t.run.indices)),
    "label": Column("label", "the true class", lambda t: NameField(t.run.labels, t.class_names)),
    "dense": Column(
        "dense adv",
        "dense's prediction under the worst attack found",
        lambda t: NameField(t.run.models[0].worst_prediction, t.class_names),
    ),
    "pruned": Column(
        "pruned adv",
        "the pruned model's prediction under the worst attack found",
        lambda t: NameField(t.other.worst_prediction, t.class_names),
    ),
    "margin": Column("margin", "the dense margin of the kind chosen with m", lambda t: NumberField(t.margins)),
    "set": Column(
        "set", "which model holds the sample: first digit dense, second pruned", lambda t: NameField(t.sets, SET_NAMES)
    ),
    LOST_IN: Column(
        "lost in",
        "of several training seeds, how many lose the sample",
        lambda t: NumberField(t.times_lost()),
    ),
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
        "dense's prediction on the clean image",
        lambda t: NameField(t.run.models[0].clean_prediction, t.class_names),
    ),
    "pruned_clean": Column(
        "pruned clean",
        "the pruned model's prediction on the clean image",
        lambda t: NameField(t.other.clean_prediction, t.class_names),
    ),
    "pruned_margin": Column(
        "pruned margin",
        "the pruned model's margin of the same kind; each model has its own scale",
        lambda t: NumberField(margins_of(t.run, t.other, t.margin_kind)),
    ),
    "distance": Column(
        "distance",
        "dense's minimum-norm distance to its boundary, measured with --distances",
        lambda t: NumberField(distances(t.run, t.run.models[0])),
    ),
    "pruned_distance": Column(
        "pruned distance",
        "the pruned model's distance; distances of two models can be compared",
        lambda t: NumberField(distances(t.run, t.other)),
    ),
    TAG: TAGS,
}
PRUNED = "pruned"
"""How columns call the model that dense is compared with, unless that is a control."""
DEFAULT_COLUMNS = ("sample", "label", "dense", "pruned", "margin", "set", "broken_by")
DENSE_CODES = np.array([{"S11": 0, "S00": 1}.get(name, -1) for name in SET_NAMES], dtype=np.int8)
"""From dense's own set to whether it holds the sample: yes, no, not known yet."""
OF_DENSE = {
    "pruned": "dense",
    "broken_by": "dense_broken_by",
    "pruned_clean": "dense_clean",
    "pruned_margin": "margin",
    "pruned_distance": "distance",
}
"""The column about dense that takes the place of a column about a pruned model."""


def shown_title(column: Column, other: ModelOutcomes) -> str:
    """The column's title where dense is compared with the model `other`."""
    is_control = other.record.role == "control" and column.model is None
    return column.title.replace(PRUNED, "control") if is_control else column.title


def shown_meaning(column: Column, other: ModelOutcomes) -> str:
    """The column's meaning where dense is compared with the model `other`."""
    is_control = other.record.role == "control"
    return column.meaning.replace("the pruned model", "the control") if is_control else column.meaning


def columns_of(run: Run, seeds: int = 0) -> dict[str, Column]:
    """The columns of this run: with tags where there are any; where dense is alone, only those about dense.

    seeds: the training seeds beside it.
    """
    missing = {*OF_DENSE, "set", LOST_IN} if run.alone else set[str]()
    missing |= set() if run.tags else {TAG}
    missing |= set() if seeds > 1 else {LOST_IN}
    columns = {key: column for key, column in COLUMNS.items() if key not in missing}
    if LOST_IN in columns:
        columns[LOST_IN] = replace(columns[LOST_IN], unit=f" of {seeds}")
    return columns


def has_ladder(run: Run) -> bool:
    """Whether dense is compared with several models, so that there is a ladder of them."""
    return len(run.models) > 2


def begins_with_ladder(run: Run) -> bool:
    """Whether the ladder is the first thing to see: where several models were pruned."""
    return has_ladder(run) and sum(model.record.role == "pruned" for model in run.models) > 1


def ladder_columns(run: Run) -> dict[str, Column]:
    """A column of sets a model, by rising sparsity with controls last, and where each sample falls; {}: no ladder."""
    if not has_ladder(run):
        return {}
    columns = {"dense_holds": Column("dense", "whether dense holds the sample", _dense_holds, model=0)}
    numbers, titles = models_by_sparsity(run)[1:], short_names(run)
    controls = [number for number in numbers if run.models[number].record.role == "control"]
    for number in numbers:
        name = run.models[number].record.name
        meaning, values = f"the sample's set for {name}", partial(_set_for, number)
        columns[f"set@{name}"] = Column(
            titles[number], meaning, values, model=number, is_divided=number in controls[:1]
        )
    meaning = "% pruned away of the first model that loses the sample"
    columns["falls_at"] = Column("falls at", meaning, lambda t: NumberField(t.model_sets.falls_at), unit=" %")
    return columns


def _set_for(number: int, table: SampleTable) -> Field:
    return NameField(table.model_sets.codes(number), SET_NAMES)


def _dense_holds(table: SampleTable) -> Field:
    return NameField(DENSE_CODES[table.model_sets.codes(0)], ("yes", "no"))


def all_columns(run: Run, seeds: int = 0) -> dict[str, Column]:
    """Everything that can be sorted and filtered by; seeds: as of `columns_of`."""
    return columns_of(run, seeds) | ladder_columns(run)


def columns_of_ladder(run: Run) -> tuple[str, ...]:
    """The columns that the ladder shows, as far as the run has them."""
    return ("sample", "label", *ladder_columns(run), LOST_IN, "margin", "pruned", "pruned_margin", "broken_by")


def with_lost_in(keys: Sequence[str]) -> tuple[str, ...]:
    """The columns of `keys` and that of several training seeds, before what broke the model."""
    place = keys.index("broken_by") if "broken_by" in keys else len(keys)
    return tuple(dict.fromkeys((*keys[:place], LOST_IN, *keys[place:])))


def with_tags(run: Run, keys: Sequence[str]) -> tuple[str, ...]:
    """`keys`, with the column of tags behind the first where the run has any."""
    return tuple(dict.fromkeys((*keys[:1], TAG, *keys[1:]))) if run.tags else tuple(keys)


def columns_shown(run: Run, keys: Sequence[str], seeds: int = 0) -> tuple[str, ...]:
    """The columns of `keys` that the run has, at least one; where dense is alone, its own replace a pruned model's.

    seeds: as of `columns_of`.
    """
    known = all_columns(run, seeds)
    shown = dict.fromkeys(key if key in known else OF_DENSE.get(key, "") for key in keys)
    return tuple(key for key in shown if key) or ("margin",)
