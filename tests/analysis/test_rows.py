"""The rows of a view: what passes, in which order."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fake_runs import make_run, write_run
from tests.several_runs import seed_run
from thinice_tui.analysis.live_sets import ALL_SETS, HELD_SETS, SET_NAMES
from thinice_tui.analysis.query.fields import NumberField
from thinice_tui.analysis.query.tokens import QueryError
from thinice_tui.analysis.rows import SET_ORDER, View, select_rows
from thinice_tui.analysis.several.fates import fates_of
from thinice_tui.analysis.table import COLUMNS, LOST_IN, TAG
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import ModelOutcomes, Role, Run

MODELS: dict[str, Role] = {"dense": "dense", "half": "pruned", "again": "control"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("table") / "a.thinice", MODELS)


def lost(model: ModelOutcomes, run: Run) -> NDArray[np.bool_]:
    gone: NDArray[np.bool_] = (model.clean_prediction != run.labels) | (model.broken_by >= 0)
    return gone


def test_the_first_view_shows_the_samples_that_dense_holds(run: Run) -> None:
    assert View().sets == HELD_SETS == {"S10", "S11", "?"}
    shown = np.zeros(len(run.labels), dtype=bool)
    shown[select_rows(run, View()).order] = True
    assert np.array_equal(shown, ~lost(run.models[0], run)), "the samples that pruning can lose"


def test_an_undecided_sample_that_dense_has_lost_is_not_shown_as_held(tmp_path: Path) -> None:
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
@pytest.mark.parametrize("key", [key for key in COLUMNS if key not in (LOST_IN, TAG)])
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


def test_samples_are_sorted_and_filtered_by_how_many_seeds_lose_them(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, seed) for seed in range(3)]
    fates = fates_of(runs)
    times, margins = fates.times_lost("half"), runs[0].models[0].clean_margin
    rows = select_rows(runs[0], View(sort=LOST_IN, descending=True, sets=ALL_SETS), fates=fates)
    assert rows.order.tolist() == sorted(range(300), key=lambda at: (-times[at], margins[at]))
    often = select_rows(runs[0], View(query="lost_in>=2", sets=ALL_SETS), rows)
    assert np.array_equal(np.sort(often.order), np.flatnonzero(times >= 2)) and len(often.order)
    assert len(select_rows(runs[0], View(query="lost_in=none", other=2, sets=ALL_SETS), often).order) == 0
    alone = select_rows(runs[0], View(sort=LOST_IN))
    assert alone.view.sort == "margin", "remembered from several runs"
    with pytest.raises(QueryError, match="lost_in"):
        select_rows(runs[0], View(query="lost_in>=2"))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("key", ["margin", "dense", "broken_by"])
def test_unknown_values_come_last_in_both_directions(key: str, descending: bool, run: Run) -> None:
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


def test_filter_and_sets_are_combined(run: Run) -> None:
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


def test_a_view_is_fitted_to_the_run(tmp_path: Path) -> None:
    alone = write_run(tmp_path / "a.thinice", {"dense": "dense"}, n=20)
    rows = select_rows(alone, View(other=3, sort="pruned_margin", sets=ALL_SETS))
    assert (rows.view.other, rows.view.sort) == (0, "margin") and len(rows.order) == 20
