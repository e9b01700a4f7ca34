"""A loaded run: its arrays are those of the file, its comparisons those of the report, and it says what it is."""

import re
from pathlib import Path

import numpy as np
import pytest

import thinice_tui as ti
from tests.fake_runs import MadeRun, make_run, write_run
from tests.places import SAMPLE_MODELS
from tests.report.rendering import words
from thinice_tui.analysis.comparison import analyse
from thinice_tui.protocol.pixels import as_floats
from thinice_tui.report.json_report import json_report
from thinice_tui.report.sections.header import header
from thinice_tui.runfile.read_sample import read_adversarial
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.tags import change_tags, tags_file

PATH = Path("a.thinice")


@pytest.fixture
def run() -> ti.LoadedRun:
    write_run(PATH, {"dense": "dense", "p/1": "pruned", "c": "control"}, n=60)
    return ti.load_run(PATH)


def made() -> MadeRun:
    return make_run(PATH, {"dense": "dense", "p/1": "pruned", "c": "control"}, n=60)


def test_arrays_are_those_that_were_written(run: ti.LoadedRun) -> None:
    written = made()
    assert np.array_equal(run.images, written.images) and run.images.dtype == np.uint8
    assert np.array_equal(run.labels, written.labels) and np.array_equal(run.indices, 3 * np.arange(60))
    assert run.class_names == tuple(f"class {i}" for i in range(5)) and len(run) == 60
    for model, logits in zip(run.models, written.logits, strict=True):
        assert np.array_equal(model.logits, logits)
    images, indices = run.adversarial("p/1")
    positions = np.flatnonzero(~run.model("p/1").standing & run.model("p/1").correct)
    assert indices.tolist() == (3 * positions).tolist() and np.array_equal(images, as_floats(written.images[positions]))
    assert run.settings.eps.text == "8/255" and run.complete and run.warnings == ()


def test_tags_are_read_and_a_file_that_cannot_be_read_is_a_warning_everywhere(run: ti.LoadedRun) -> None:
    assert run.tags == {}
    change_tags(PATH, read_run(PATH).info.data.sha256, [9, 3], ["odd"], [])
    change_tags(PATH, read_run(PATH).info.data.sha256, [9], ["dark"], [])
    assert ti.load_run(PATH).tags == {9: ("dark", "odd"), 3: ("odd",)}
    tags_file(PATH).write_text("{")
    broken = ti.load_run(PATH)
    (warning,) = broken.warnings
    assert broken.tags == {} and "a.thinice.tags" in warning
    analysis = analyse(read_run(PATH))
    assert json_report(analysis)["run"]["warnings"] == [warning] and warning in words(header(analysis))


def test_models_are_found_by_name_and_role(run: ti.LoadedRun) -> None:
    assert run.model("c") is run.model("control") is run.models[2] and run.model("dense").role == "dense"
    with pytest.raises(ti.UsageError, match="there is no model 'pruned'") as raised:
        run.model("pruned")
    assert raised.value.do == "expected dense, p/1, c, or the role dense or control"
    with pytest.raises(ti.UsageError, match="is the dense model itself"):
        run.compare("dense")


def test_comparisons_are_those_of_the_report(run: ti.LoadedRun) -> None:
    report = json_report(analyse(read_run(PATH)))
    for name, said in zip(("p/1", "c"), report["comparisons"], strict=True):
        found = run.compare(name)
        assert found.sets.counts() == said["sets"] and found.nfr.value == said["nfr"]
        assert found.nfr.low == said["nfr_interval"]["low"] and found.pfr.value == said["pfr"]
        assert found.auc_s10_s11.value == pytest.approx(said["auc_s10_s11"]["value"], nan_ok=True)


def test_it_says_what_it_is(run: ti.LoadedRun) -> None:
    assert repr(run) == ("<LoadedRun a.thinice: standard, Linf, eps 8/255, 60 samples, models dense, p/1, c, complete>")
    assert repr(run.models[1]).startswith("<ModelResults p/1 (pruned): made, robust accuracy ")


def test_in_memory_it_needs_no_file(run: ti.LoadedRun) -> None:
    run.keep_in_memory()
    PATH.unlink()
    assert run.path is None and run.images.any() and run.model("c").adversarial_logits.shape == (60, 5)
    assert len(run.adversarial("dense").images) and "in memory" in repr(run)


def test_a_damaged_file_is_said_to_be_damaged(run: ti.LoadedRun) -> None:
    PATH.write_bytes(PATH.read_bytes()[:20_000])
    with pytest.raises(ti.RunFileError, match=r"cannot be read|is damaged"):
        _ = run.images
    PATH.unlink()
    with pytest.raises(ti.RunFileError, match="there is no such run file"):
        _ = run.models[0].logits


def test_the_sample_run_holds_what_its_report_says() -> None:
    run = ti.load_run(SAMPLE_MODELS / "standard.thinice")
    images, indices = run.adversarial("pruned")
    position = int(np.flatnonzero(run.indices == indices[5])[0])
    single = read_adversarial(SAMPLE_MODELS / "standard.thinice", 2, position)
    assert single is not None and np.array_equal(images[5], single)
    assert run.compare("pruned").nfr.value == 0.093 and run.model("dense").clean_accuracy is not None
    flips = run.compare("pruned").sets.s10
    assert np.array_equal(flips, run.model("dense").standing & ~run.model("pruned").standing)


def test_everything_that_is_reached_from_a_run_says_in_a_line_what_it_is() -> None:
    """By the sample run: every object of this package, arrays and collections of them aside."""
    found = ti.load_run(SAMPLE_MODELS / "standard.thinice")
    comparison = found.compare("pruned")
    expected = f"NFR {comparison.nfr.in_words()}, PFR {comparison.pfr.in_words()}, AUC {comparison.auc_s10_s11.shown}"
    assert repr(comparison).startswith("<Comparison dense → pruned: S11 ") and expected in repr(comparison)
    assert re.fullmatch(r"<AdversarialImages: \d+ of 3 × 32 × 32>", repr(found.adversarial("pruned")))
    reached, left = set(), [found, comparison, found.model("pruned"), found.adversarial("pruned")]
    while left:
        one = left.pop()
        if type(one) in reached:
            continue
        reached.add(type(one))
        assert len(repr(one)) < 800 and "\n" not in repr(one), repr(one)
        left += [value for value in parts(one) if type(value).__module__.startswith("thinice_tui")]
    assert {"Analysis", "Run", "ModelOutcomes", "ModelSummary", "FlipSets", "RunInfo"} <= {
        kind.__name__ for kind in reached
    }


def parts(one: object) -> list[object]:
    """The public attributes, and the members of those that are collections."""
    values = [getattr(one, name) for name in dir(one) if not name.startswith("_")]
    values = [value for value in values if not callable(value)]
    return values + [member for value in values if isinstance(value, tuple | list) for member in value]
