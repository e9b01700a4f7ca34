"""The samples as a table: sets while a run goes on, order, and what passes."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.fake_runs import make_run, record, run_table, write_run
from thinice_tui.analysis.comparison import analyse, compare
from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.analysis.live_sets import ALL_SETS, HELD_SETS, SET_NAMES, live_sets
from thinice_tui.analysis.query.fields import NumberField
from thinice_tui.analysis.query.tokens import QueryError
from thinice_tui.analysis.rows import SET_ORDER, View, select_rows
from thinice_tui.analysis.table import COLUMNS, DEFAULT_COLUMNS, SampleTable
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import ModelOutcomes, Role, Run, StageRecord
from thinice_tui.runfile.run_info import RunInfo

MODELS: dict[str, Role] = {"dense": "dense", "half": "pruned", "again": "control"}
STAGES = 3
CLEAN, STANDING = -1, -2
"""What becomes of a sample, beside the ordinal of the stage that breaks it."""


@dataclass
class Model:
    """A model on its way through a run: what becomes of its samples, and which batches it has done."""

    fates: NDArray[np.int64]
    known: NDArray[np.bool_]
    done: list[set[int]]
    """Batches of each stage."""
    finished: list[bool]
    size: int

    def batches(self, ordinal: int) -> list[NDArray[np.int64]]:
        entered = np.flatnonzero((self.fates == STANDING) | (self.fates >= ordinal))
        return [entered[i : i + self.size] for i in range(0, len(entered), self.size)]

    def through(self) -> NDArray[np.int64]:
        """Stages that each sample has gone through; those that it has never entered do not count."""
        count = np.zeros(len(self.fates), dtype=np.int64)
        for ordinal in range(STAGES):
            for batch in self.done[ordinal]:
                count[self.batches(ordinal)[batch]] += 1
        return count

    def lost(self) -> NDArray[np.bool_]:
        """The samples that it is known to have lost."""
        lost: NDArray[np.bool_] = (self.fates == CLEAN) | ((self.fates >= 0) & (self.fates < self.through()))
        return self.known & lost

    def outcomes(self, role: Role, labels: NDArray[np.int64]) -> ModelOutcomes:
        """What a reader of the run file would find."""
        wrong, broken = self.known & (self.fates == CLEAN), self.lost() & (self.fates >= 0)
        prediction = np.where(self.known, np.where(wrong, labels + 1, labels), -1).astype(np.int32)
        margin = np.where(self.known, np.where(wrong, -1.0, 1.0), np.nan).astype(np.float32)
        stages = tuple(
            StageRecord(
                ordinal=ordinal,
                name=f"stage {ordinal}",
                parameters={},
                entered=9 if self.finished[ordinal] or self.done[ordinal] else None,
                finished=self.finished[ordinal],
                attacked=0,
                batches=frozenset(self.done[ordinal]),
                forwards=0,
                backwards=0,
                seconds=0.0,
            )
            for ordinal in range(STAGES)
        )
        return ModelOutcomes(
            record=record(role, role),
            stages=stages,
            clean_prediction=prediction,
            clean_margin=margin,
            worst_prediction=np.where(broken, labels + 1, prediction).astype(np.int32),
            worst_margin=np.where(broken, np.float32(-1), margin),
            broken_by=np.where(broken, self.fates, -1).astype(np.int16),
            distance=np.where(broken, 0.03, np.nan),
            boundary=np.full(len(labels), np.nan),
        )


@dataclass
class Moment:
    """A run at one moment, and its two models as they really are."""

    run: Run
    models: tuple[Model, Model]

    @property
    def names(self) -> NDArray[np.str_]:
        """The set of each sample."""
        return np.array(SET_NAMES)[live_sets(self.run, self.run.models[1])]


def moment(models: tuple[Model, Model], complete: bool) -> Moment:
    n, size = len(models[0].fates), models[0].size
    labels = np.zeros(n, dtype=np.int64)
    times = {"created": 0.0, "finished": 1.0 if complete else None}
    info = RunInfo.from_table(run_table(n, 2, "quick", ["a", "b"]) | {"batch_size": size} | times)
    found = models[0].outcomes("dense", labels), models[1].outcomes("pruned", labels)
    return Moment(Run("made", info, labels, np.arange(n), ("a", "b"), found, None, None), copy.deepcopy(models))


def moments(pairs: list[tuple[int, int]], size: int) -> Iterator[Moment]:
    """A run from its beginning to its end, a moment after each batch: the models take turns within a stage."""
    n = len(pairs)
    first, second = (
        Model(np.array(fates), np.zeros(n, dtype=bool), [set() for _ in range(STAGES)], [False] * STAGES, size)
        for fates in zip(*pairs, strict=True)
    )
    models = first, second
    yield moment(models, False)
    for model in models:
        for start in range(0, n, size):
            model.known[start : start + size] = True
            yield moment(models, False)
    for ordinal in range(STAGES):
        longest = max(len(model.batches(ordinal)) for model in models)
        for batch in range(max(longest, 1)):
            for model in models:
                count = len(model.batches(ordinal))
                if batch < count:
                    model.done[ordinal].add(batch)
                    yield moment(models, False)
                if batch >= count - 1:
                    model.finished[ordinal] = True
                    yield moment(models, False)
    yield moment(models, True)


FATES = st.sampled_from([CLEAN, STANDING, STANDING, *range(STAGES)])
PAIRS = st.lists(st.tuples(FATES, FATES), min_size=1, max_size=12)
SIZES = st.integers(1, 5)


@st.composite
def any_moment(draw: st.DrawFn) -> Moment:
    every = list(moments(draw(PAIRS), draw(SIZES)))
    return every[draw(st.integers(0, len(every) - 1))]


@settings(deadline=None)
@given(PAIRS, SIZES)
def test_the_sets_of_a_finished_run_are_those_of_its_comparison(pairs: list[tuple[int, int]], size: int) -> None:
    *_, end = moments(pairs, size)
    sets = compare(end.run, end.run.models[1], STAGES).sets
    for name, mask in zip(SETS, sets.masks(), strict=True):
        assert np.array_equal(end.names == name, mask)


@pytest.mark.parametrize("seed", range(3))
def test_the_sets_of_a_finished_run_file_are_those_of_its_report(seed: int, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, seed=seed)
    for other, comparison in zip((1, 2), analyse(run).comparisons, strict=True):
        counts = select_rows(run, View(other=other)).set_counts
        assert counts == comparison.sets.counts() | {"?": 0}


@settings(deadline=None)
@given(any_moment())
def test_each_sample_is_in_one_set_and_in_none_that_its_outcomes_deny(now: Moment) -> None:
    codes = live_sets(now.run, now.run.models[1])
    assert codes.dtype == np.int8 and codes.shape == now.run.labels.shape
    assert codes.min() >= 0 and codes.max() < len(SET_NAMES)
    dense, pruned = (model.lost() for model in now.models)
    assert not (dense & np.isin(now.names, ["S11", "S10"])).any()
    assert not (pruned & np.isin(now.names, ["S11", "S01"])).any()
    assert not (~dense & np.isin(now.names, ["S01", "S00"])).any()
    assert not (~pruned & np.isin(now.names, ["S10", "S00"])).any()
    known = now.models[0].known & now.models[1].known
    assert (now.names[~known] == "?").all()
    assert (now.names[dense & pruned & known] == "S00").all(), "what both have lost can become nothing else"


@settings(deadline=None)
@given(any_moment())
def test_a_loss_counts_where_the_other_model_has_stood_that_stage(now: Moment) -> None:
    known = now.models[0].known & now.models[1].known
    for loser, holder, name in ((1, 0, "S10"), (0, 1, "S01")):
        alone = known & now.models[loser].lost() & ~now.models[holder].lost()
        stage = np.maximum(now.models[loser].fates, 0)  # a clean mistake counts with the first stage
        counts = stage < now.models[holder].through()
        assert (now.names[alone & counts] == name).all()
        assert (now.names[alone & ~counts] == "?").all()


@settings(deadline=None)
@given(any_moment())
def test_who_stands_is_held_only_after_a_first_stage_of_both(now: Moment) -> None:
    first, second = now.models
    standing = first.known & second.known & ~first.lost() & ~second.lost()
    both = np.minimum(first.through(), second.through()) > 0
    assert (now.names[standing & both] == "S11").all()
    assert (now.names[standing & ~both] == "?").all()


@settings(deadline=None)
@given(PAIRS, SIZES)
def test_before_a_first_batch_only_what_both_get_wrong_is_decided(pairs: list[tuple[int, int]], size: int) -> None:
    for now in moments(pairs, size):
        if any(model.through().any() or any(model.finished) for model in now.models):
            break
        assert set(now.names) <= {"?", "S00"}


@settings(deadline=None, max_examples=40)
@given(PAIRS, SIZES)
def test_a_loss_that_counted_counts_for_ever(pairs: list[tuple[int, int]], size: int) -> None:
    """As the run goes on, a sample leaves S10 and S01 for S00 alone, S00 never, and no set to be undecided again."""
    before = np.array(["?"] * len(pairs))
    for now in moments(pairs, size):
        assert (now.names[before == "S00"] == "S00").all()
        for name in ("S10", "S01"):
            assert np.isin(now.names[before == name], [name, "S00"]).all()
        before = now.names
    assert "?" not in before


# what is shown


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("table") / "a.thinice", MODELS)


def lost(model: ModelOutcomes, run: Run) -> NDArray[np.bool_]:
    gone: NDArray[np.bool_] = (model.clean_prediction != run.labels) | (model.broken_by >= 0)
    return gone


def test_one_begins_with_what_dense_holds(run: Run) -> None:
    assert View().sets == HELD_SETS == {"S10", "S11", "?"}
    shown = np.zeros(len(run.labels), dtype=bool)
    shown[select_rows(run, View()).order] = True
    assert np.array_equal(shown, ~lost(run.models[0], run)), "the samples that pruning can lose"


def test_what_dense_has_lost_is_not_held_though_it_is_undecided(tmp_path: Path) -> None:
    made = make_run(tmp_path / "a.thinice", MODELS)
    with made.open() as writer:
        made.begin(writer)
        for number in range(len(MODELS)):
            made.clean(writer, number)
        made.attack(writer, 0, 0)
    run = read_run(made.path)
    rows = select_rows(run, View())
    undecided = rows.table.sets == SET_NAMES.index("?")
    gone = lost(run.models[0], run)
    assert (undecided & gone).any()
    assert set(rows.order.tolist()) == set(np.flatnonzero(~gone).tolist())
    assert len(select_rows(run, View(sets=ALL_SETS)).order) == 200


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("key", COLUMNS)
def test_every_column_sorts_stably(key: str, descending: bool, run: Run) -> None:
    rows = select_rows(run, View(sort=key, descending=descending, sets=ALL_SETS))
    assert sorted(rows.order.tolist()) == list(range(200))
    field = rows.table.fields[key]
    if isinstance(field, NumberField):
        keys, unknown = field.values, np.isnan(field.values)
    else:
        order = SET_ORDER if key == "set" else sorted(field.names, key=str.casefold)
        keys = np.array([order.index(field.names[code]) if code >= 0 else -1 for code in field.codes])
        unknown = field.codes < 0
    known = [position for position in rows.order.tolist() if not unknown[position]]
    sign = -1 if descending else 1
    wanted = sorted(known, key=lambda position: (sign * keys[position], position))
    assert known == wanted, "equal keys stay in the data's order, whichever way"
    assert rows.order.tolist() == known + np.flatnonzero(unknown).tolist()


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("key", ["margin", "dense", "broken_by"])
def test_what_is_unknown_comes_last_in_both_directions(key: str, descending: bool, run: Run) -> None:
    some = np.arange(200) % 3 == 0
    dense = run.models[0]
    dense = replace(
        dense,
        clean_margin=np.where(some, np.float32(np.nan), dense.clean_margin),
        worst_prediction=np.where(some, np.int32(-1), dense.worst_prediction),
    )
    changed = replace(run, models=(dense, *run.models[1:]))
    rows = select_rows(changed, View(sort=key, descending=descending, sets=ALL_SETS))
    field = rows.table.fields[key]
    unknown = np.isnan(field.values) if isinstance(field, NumberField) else field.codes < 0
    count = int(unknown.sum())
    assert 0 < count < 200
    assert unknown[rows.order[-count:]].all() and not unknown[rows.order[:-count]].any()


def test_names_that_are_numbers_sort_as_numbers(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=24, classes=12, class_names=[])
    rows = select_rows(run, View(sort="label", sets=ALL_SETS))
    assert [rows.table.class_names[run.labels[position]] for position in rows.order] == [
        str(label) for label in range(12) for _ in range(2)
    ]


def test_names_sort_without_case_and_numbers_before_them(tmp_path: Path) -> None:
    names = ["pear", "Apple", "10", "9", "banana"]
    run = write_run(tmp_path / "a.thinice", MODELS, n=5, class_names=names)
    rows = select_rows(run, View(sort="label", sets=ALL_SETS))
    assert [names[run.labels[position]] for position in rows.order] == ["9", "10", "Apple", "banana", "pear"]


def test_flips_come_first_where_sets_are_sorted(run: Run) -> None:
    rows = select_rows(run, View(sort="set", sets=ALL_SETS))
    names = [SET_NAMES[code] for code in rows.table.sets[rows.order]]
    assert list(dict.fromkeys(names)) == ["S10", "S01", "S11", "S00"]


def test_filter_and_sets_hold_together(run: Run) -> None:
    both = select_rows(run, View(query='label="class 1" margin<2', sets=frozenset({"S10", "S00"})))
    margins = run.models[0].clean_margin
    wanted = (run.labels == 1) & (margins < 2) & np.isin(both.table.sets, [SET_NAMES.index(s) for s in ("S10", "S00")])
    assert sorted(both.order.tolist()) == np.flatnonzero(wanted).tolist() != []
    assert sum(both.set_counts.values()) == 200, "the counts are of all samples"


def test_a_wrong_query_is_an_error_and_a_blank_one_is_none(run: Run) -> None:
    with pytest.raises(QueryError):
        select_rows(run, View(query="margin<"))
    assert np.array_equal(select_rows(run, View(query="  ")).order, select_rows(run, View()).order)


def test_a_row_is_found_by_its_sample(run: Run) -> None:
    rows = select_rows(run, View())
    assert [rows.row_of(position) for position in rows.order.tolist()] == list(range(len(rows.order)))
    hidden = next(position for position in range(200) if position not in rows.order)
    assert rows.row_of(hidden) is None and rows.row_of(None) is None


def test_the_margin_is_of_the_kind_that_was_chosen_and_always_of_dense(run: Run) -> None:
    for other in (1, 2):
        clean = SampleTable(run, run.models[other], "clean")
        attacked = SampleTable(run, run.models[other], "attacked")
        assert clean.margins is run.models[0].clean_margin and attacked.margins is run.models[0].worst_margin
        assert np.array_equal(clean.fields["margin"].values, run.models[0].clean_margin)  # type: ignore[union-attr]


def test_broken_by_tells_clean_mistakes_from_attacks(run: Run) -> None:
    table = SampleTable(run, run.models[1], "clean")
    field = table.fields["broken_by"]
    assert not isinstance(field, NumberField)
    said = [field.names[code] if code >= 0 else None for code in field.codes]
    for position, words in enumerate(said):
        model = run.models[1]
        if model.clean_prediction[position] != run.labels[position]:
            assert words == "clean"
        else:
            ordinal = model.broken_by[position]
            assert words == (run.models[0].stages[ordinal].name if ordinal >= 0 else None)


def test_every_default_column_is_one_and_every_field_has_a_value_for_each_sample(run: Run) -> None:
    assert set(DEFAULT_COLUMNS) <= set(COLUMNS)
    fields = SampleTable(run, run.models[1], "clean").fields
    assert set(fields) == set(COLUMNS)
    for field in fields.values():
        values = field.values if isinstance(field, NumberField) else field.codes
        assert values.shape == (200,)
        if not isinstance(field, NumberField):
            assert field.codes.max() < len(field.names)
