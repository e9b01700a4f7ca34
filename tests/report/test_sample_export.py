"""Samples taken out of a run: every value is the run's own."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import write_run
from tests.several_runs import repeated, seed_run
from thinice_tui.analysis.live_sets import ALL_SETS, SET_NAMES, live_sets
from thinice_tui.analysis.rows import Rows, View, select_rows
from thinice_tui.analysis.several.fates import fates_of
from thinice_tui.analysis.table import SampleTable
from thinice_tui.report.sample_columns import PIECE
from thinice_tui.report.sample_export import (
    Selection,
    bare_indices,
    samples_json,
    selected_csv,
    selected_indices,
    thin_ice_indices,
)
from thinice_tui.runfile.records import Role, Run

MODELS: dict[str, Role] = {"dense": "dense", "half": "pruned", "again": "control"}
NAMES = ["cat", 'a "dog", or not', "line\nbreak", "=1+1", "猫"]
VIEWS = [
    View(sets=ALL_SETS),
    View(),
    View(other=2, margin="attacked", sort="broken_by", descending=True, sets=ALL_SETS),
    View(query="margin<1 label=cat", sets=frozenset({"S10", "S00"})),
    View(query="margin>1000"),
]


@pytest.fixture(scope="module", params=[3, 1, 0], ids="through {}".format)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("export") / "a.thinice"
    return write_run(path, MODELS, n=80, class_names=NAMES, through=request.param)


def whole(make: Callable[[Selection], Iterator[str]], rows: Rows) -> str:
    return "".join(make(Selection.shown(rows)))


def numbers(text: str) -> list[int]:
    """The numbers of a text without its comments."""
    return [int(line) for line in text.splitlines() if not line.startswith("#")]


def expected(rows: Rows, position: int) -> dict[str, object]:
    """What the run says of one sample, by column; None where it is not known."""
    run, dense, other = rows.table.run, rows.table.run.models[0], rows.table.other
    stages = [stage.name for stage in dense.stages]

    def name(code: int) -> str | None:
        return run.class_names[code] if code >= 0 else None

    def broken(number: int) -> str | None:
        model = (dense, other)[number]
        if model.clean_prediction[position] != run.labels[position]:
            return "clean"
        return stages[model.broken_by[position]] if model.broken_by[position] >= 0 else None

    codes = [live_sets(run, model)[position] for model in run.models]
    margins = [m.clean_margin if rows.view.margin == "clean" else m.worst_margin for m in (dense, other)]
    return {
        "sample": int(run.indices[position]),
        "label": name(run.labels[position]),
        "dense": name(dense.worst_prediction[position]),
        "pruned": name(other.worst_prediction[position]),
        "margin": float(margins[0][position]),
        "set": SET_NAMES[rows.table.sets[position]],
        "broken_by": broken(1),
        "dense_broken_by": broken(0),
        "dense_clean": name(dense.clean_prediction[position]),
        "pruned_clean": name(other.clean_prediction[position]),
        "pruned_margin": float(margins[1][position]),
        "distance": None,
        "pruned_distance": None,
        "tag": None,
        "dense_holds": {"S11": "yes", "S00": "no", "?": None}[SET_NAMES[codes[0]]],
        "set@half": SET_NAMES[codes[1]],
        "set@again": SET_NAMES[codes[2]],
        "falls_at": 42.0 if SET_NAMES[codes[1]] == "S10" else None,
    }


@pytest.mark.parametrize("view", VIEWS)
def test_csv_holds_the_values_of_the_run(view: View, run: Run) -> None:
    """The rows of the CSV report, those shown, in their order."""
    rows = select_rows(run, view)
    found = list(csv.DictReader(io.StringIO(whole(selected_csv, rows), newline="")))
    assert len(found) == len(rows.order)
    dense, other = (model.record.name for model in rows.table.compared)
    same = {
        **{"sample": "sample", "label": "class", "dense": f"attacked_prediction@{dense}", "set": f"set@{other}"},
        **{"pruned": f"attacked_prediction@{other}", "broken_by": f"broken_by@{other}"},
        **{"dense_broken_by": f"broken_by@{dense}", "dense_clean": f"prediction@{dense}"},
        **{"pruned_clean": f"prediction@{other}"},
    }
    for row, position in zip(found, rows.order.tolist(), strict=True):
        wanted = expected(rows, position)
        for key, name in same.items():
            assert row[name] == ("" if wanted[key] is None else str(wanted[key])), name


@pytest.mark.parametrize("view", VIEWS)
def test_json_holds_the_same_values_and_how_they_were_chosen(view: View, run: Run) -> None:
    rows = select_rows(run, view)
    found = json.loads(whole(samples_json, rows))
    assert found["samples"] == [expected(rows, position) for position in rows.order.tolist()]
    assert found["run"] == run.path and found["complete"] == run.complete
    assert found["settings"]["eps"]["text"] == "8/255"
    assert found["dense"] == "/m/dense.pt" and found["pruned"] == f"/m/{list(MODELS)[view.other]}.pt"
    assert (found["margin"], found["filter"], found["sets"]) == (view.margin, view.query, sorted(view.sets))


@pytest.mark.parametrize("view", VIEWS)
def test_indices_are_those_of_the_data_in_the_order_shown(view: View, run: Run) -> None:
    rows = select_rows(run, view)
    text, bare = whole(selected_indices, rows), whole(bare_indices, rows)
    assert bare.split() == [str(index) for index in run.indices[rows.order]]
    comment, _, rest = text.partition("\n")
    assert rest == bare and comment.isprintable()
    assert comment.startswith(f"# run file a.thinice, compared with {list(MODELS)[view.other]}")
    assert view.query in comment and all(name in comment for name in view.sets)
    if len(rows.order):
        assert np.loadtxt(io.StringIO(text), dtype=np.int64, ndmin=1).tolist() == run.indices[rows.order].tolist()


@pytest.mark.parametrize("view", VIEWS)
def test_thin_ice_indices_are_all_lost_samples_by_rising_margin(view: View, run: Run) -> None:
    rows = select_rows(run, view)
    dense, other = run.models[0], run.models[view.other]
    lost = numbers(whole(thin_ice_indices, rows))
    assert sorted(lost) == sorted(run.indices[rows.table.sets == SET_NAMES.index("S10")].tolist())
    if run.complete:
        held = (dense.clean_prediction == run.labels) & (dense.broken_by < 0)
        gone = (other.clean_prediction != run.labels) | (other.broken_by >= 0)
        assert sorted(lost) == sorted(run.indices[held & gone].tolist()) != []
    margins = dense.clean_margin if view.margin == "clean" else dense.worst_margin
    found = margins[np.array(lost, dtype=np.int64) // 3]
    assert (np.diff(found) >= 0).all()


def test_unknown_values_are_empty_in_csv_and_null_in_json(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=5)
    unknown = replace(
        run.models[1],
        clean_prediction=np.full(5, -1, np.int32),
        clean_margin=np.full(5, np.nan, np.float32),
        worst_prediction=np.full(5, -1, np.int32),
        worst_margin=np.full(5, np.nan, np.float32),
        broken_by=np.full(5, -1, np.int16),
    )
    rows = select_rows(replace(run, models=(run.models[0], unknown)), View(sets=ALL_SETS))
    for row in csv.DictReader(io.StringIO(whole(selected_csv, rows))):
        assert {row[f"{name}@half"] for name in ("prediction", "margin", "broken_by", "lost")} == {""}
        assert row["set@half"] == "?"
    for sample in json.loads(whole(samples_json, rows))["samples"]:
        assert sample["pruned"] is sample["pruned_margin"] is sample["broken_by"] is None


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_margins_that_are_not_finite_are_exported_too(value: float, tmp_path: Path) -> None:
    """Of two finite logits far enough apart, float32 has no difference."""
    run = write_run(tmp_path / "a.thinice", MODELS, n=5)
    endless = replace(run.models[0], clean_margin=np.full(5, value, np.float32))
    rows = select_rows(replace(run, models=(endless, *run.models[1:])), View(sets=ALL_SETS))
    assert len(json.loads(whole(samples_json, rows))["samples"]) == 5
    assert len(list(csv.DictReader(io.StringIO(whole(selected_csv, rows))))) == 5


def test_every_line_says_how_it_was_chosen_and_the_name_of_the_file_too(run: Run) -> None:
    rows = select_rows(run, View(other=2, query="margin<5", sets=frozenset({"S10", "S11"})))
    chosen = Selection.shown(rows)
    for row in csv.DictReader(io.StringIO("".join(selected_csv(chosen)), newline="")):
        assert (row["run_file"], row["compared_with"]) == ("a.thinice", "again")
        assert (row["filter"], row["sets"]) == ("margin<5", "S10 S11")
    assert json.loads("".join(samples_json(chosen)))["compared_with"] == "again"
    assert chosen.name == "a-again-S10-S11-margin_5"


def test_names_of_files_are_harmless_and_short(run: Run) -> None:
    table = SampleTable(run, run.models[1], "clean")
    queries = {
        "label~x or ../../etc/passwd\x1b[2J": "a-half-all-label_x_or_.._.._etc_passwd_2J",
        "-rf": "a-half-all-rf",
        " ": "a-half-all",
        "z" * 500: "a-half-all-" + "z" * 40,
    }
    for query, name in queries.items():
        assert Selection.shown(Rows(View(query=query, sets=ALL_SETS), table, np.arange(3))).name == name
    assert Selection.shown(Rows(View(), table, np.arange(3))).name == "a-half-dense-holds"


def test_marked_samples_come_in_the_order_shown_and_then_those_that_are_not(run: Run) -> None:
    rows = select_rows(run, View(descending=True, sets=ALL_SETS, query="margin<3"))
    order = rows.order.tolist()
    outside = sorted(set(range(80)) - set(order))[:2]
    chosen = Selection.marked(rows, {*order[:3], *outside})
    assert chosen.order.tolist() == [*order[:3], *outside] and chosen.name == "a-half-marked"
    assert chosen.facts()["filter"] == "marked by hand"
    assert numbers("".join(selected_indices(chosen))) == [3 * position for position in chosen.order]


def test_pieces_are_together_what_one_would_be(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = Selection.shown(select_rows(run, View(sets=ALL_SETS)))
    before = {make: "".join(make(chosen)) for make in (selected_csv, samples_json, selected_indices)}
    assert len(chosen.order) < PIECE
    for module in ("sample_columns", "sample_export"):
        monkeypatch.setattr(f"thinice_tui.report.{module}.PIECE", 7)
    for make, text in before.items():
        pieces = list(make(chosen))
        assert "".join(pieces) == text and len(pieces) > 10


def test_a_run_file_whose_name_is_no_text_is_exported_too(run: Run) -> None:
    odd = replace(run, path="/runs/\udcff\x1b.thinice")
    chosen = Selection.shown(select_rows(odd, View(sets=ALL_SETS)))
    for make in (selected_csv, samples_json, selected_indices, thin_ice_indices):
        assert "".join(make(chosen)).encode()
    assert chosen.name.isprintable()


def test_of_several_training_seeds_it_says_how_many_lose_each_sample(tmp_path: Path) -> None:
    more: dict[str, Role] = {"dense": "dense", "half": "pruned", "tenth": "pruned", "again": "control"}
    runs = [seed_run(tmp_path, seed, None if seed else more) for seed in range(3)]
    fates = fates_of(runs)
    rows = select_rows(runs[0], View(query="lost_in>=1", sets=ALL_SETS), fates=fates)
    written = list(csv.DictReader(io.StringIO(whole(selected_csv, rows), newline=""), strict=True))
    for name in ("half", "again"):
        assert [int(row[f"lost_in@{name}"]) for row in written] == fates.times_lost(name)[rows.order].tolist()
    assert {row["lost_in@tenth"] for row in written} == {""} and len(written) == len(rows.order) > 0
    told = json.loads(whole(samples_json, rows))["samples"]
    assert [one["lost_in"] for one in told] == fates.times_lost("half")[rows.order].tolist()
    alone = select_rows(runs[0], View(), fates=fates_of([runs[0], repeated(runs[0], 9)]))
    assert "lost_in" not in whole(selected_csv, alone)
