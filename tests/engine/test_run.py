"""The run: what it writes, that it resumes, and that it continues nothing else."""

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.engine_runs import StopAfter, assert_same_outcomes, request, run_it
from tests.linear_models import Files, as_uint8, pruned_weight, save_weight
from thinice_tui.analysis.comparison import analyse
from thinice_tui.commands.app import app
from thinice_tui.engine.compare import prepare
from thinice_tui.errors import RunFileError
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.read_sample import read_adversarial, read_image
from thinice_tui.runfile.reader import read_run


def test_a_run_holds_everything_and_every_flip_is_real(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    run = run_it(request(files, path))
    assert [m.record.role for m in run.models] == ["dense", "pruned", "control"]
    assert run.info.finished is not None and run.class_names[0] == "class 0"
    eps = 4 / 255
    broken_any = False
    for number, (model, weight) in enumerate(zip(run.models, (files.task.weight, None, None), strict=True)):
        assert [stage.name for stage in model.stages] == ["PGD-20", "APGD-CE", "APGD-T"]
        assert all(stage.finished and stage.attacked == stage.entered for stage in model.stages)
        for position in np.flatnonzero(model.broken_by >= 0):
            broken_any = True
            clean = (read_image(path, int(position)) / np.float32(255)).astype(np.float64)
            adversarial = read_adversarial(path, number, int(position))
            assert adversarial is not None
            delta = np.abs(adversarial.astype(np.float64) - clean).max()
            assert delta <= eps and adversarial.min() >= 0 and adversarial.max() <= 1
            assert model.distance[position] == pytest.approx(delta, abs=1e-7)
            assert model.worst_prediction[position] != run.labels[position]
        if weight is not None:  # the dense model's boundary is known
            exact = files.task.distances("Linf")
            broken = model.broken_by >= 0
            assert not broken[exact > eps].any()
            assert broken[(exact > 0) & (exact < 0.95 * eps)].all()
    assert broken_any


@pytest.mark.parametrize("passes", [1, 30, 90, 200, 401, 700])
def test_a_resumed_run_equals_an_uninterrupted_one(files: Files, tmp_path: Path, passes: int) -> None:
    whole = run_it(request(files, tmp_path / "whole.thinice"))
    interrupted = request(files, tmp_path / "cut.thinice")
    with pytest.raises(KeyboardInterrupt):
        run_it(interrupted, StopAfter(passes))
    partial = read_run(tmp_path / "cut.thinice")
    assert not analyse(partial).complete
    assert_same_outcomes(run_it(interrupted), whole)


def test_resuming_recomputes_only_the_batch_in_flight(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "cut.thinice"
    with pytest.raises(KeyboardInterrupt):
        run_it(request(files, path), StopAfter(200))
    with sqlite3.connect(path) as connection:
        before = connection.execute("SELECT * FROM batch ORDER BY model, ordinal, first").fetchall()
    run_it(request(files, path))
    with sqlite3.connect(path) as connection:
        after = connection.execute("SELECT * FROM batch ORDER BY model, ordinal, first").fetchall()
    assert before and set(before) <= set(after), "timings and counts of kept batches are the old ones"


def test_a_finished_run_is_not_computed_again(files: Files, tmp_path: Path) -> None:
    wanted = request(files, tmp_path / "a.thinice")
    run_it(wanted)
    observer = StopAfter()
    run_it(wanted, observer)
    assert observer.seen == [] and observer.stages == []


def test_the_same_settings_give_the_same_file_name_and_outcomes(files: Files, tmp_path: Path) -> None:
    unnamed = replace(request(files, tmp_path / "x"), run=None)
    path = prepare(unnamed).path
    assert path == prepare(unnamed).path and path.parent == Path("runs")
    other = replace(unnamed, settings=replace(unnamed.settings, seed=1))
    assert prepare(other).path != path
    assert_same_outcomes(run_it(request(files, tmp_path / "a.thinice")), run_it(request(files, tmp_path / "b.thinice")))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"settings": Settings.build("Linf", "2/255", "quick", batch_size="8")}, "eps was 4/255, now 2/255"),
        ({"settings": Settings.build("L2", "4/255", "quick", batch_size="8")}, "norm was Linf, now L2"),
        ({"settings": Settings.build("Linf", "4/255", "pgd-3", batch_size="8")}, "attack was quick, now pgd-3"),
        ({"settings": Settings.build("Linf", "4/255", "quick", 1, batch_size="8")}, "seed was 0, now 1"),
        (
            {"settings": Settings.build("Linf", "4/255", "quick", 0, "8", precision="bf16")},
            "precision was fp32, now bf16",
        ),
        (
            {"settings": Settings.build("Linf", "4/255", "quick", 0, "8", distances=True)},
            "distances were not measured, now measured",
        ),
        ({"samples": 20}, "the data were DATA, now DATA, the first 20"),
        ({"control": None}, "it has 3 models, now 2"),
        (
            {"normalize": "cifar10"},
            "the normalisation of dense was none, now cifar10; the normalisation of pruned was none, now cifar10; "
            "the normalisation of control was none, now cifar10",
        ),
    ],
)
def test_a_run_of_something_else_is_never_continued(
    files: Files, tmp_path: Path, change: dict[str, object], named: str
) -> None:
    """Neither a finished run nor one in the middle: what differs is named, and only that."""
    path = tmp_path / "a.thinice"
    with pytest.raises(KeyboardInterrupt):
        run_it(request(files, path), StopAfter(100))
    for _ in ("in the middle", "finished"):
        content = path.read_bytes()
        with pytest.raises(RunFileError, match="holds another run") as caught:
            run_it(request(files, path, **change))
        assert caught.value.what == f"{path}: holds another run: {named.replace('DATA', str(files.data))}"
        assert path.read_bytes() == content
        run_it(request(files, path))


def test_a_changed_model_file_is_noticed(files: Files, tmp_path: Path) -> None:
    run_it(request(files, tmp_path / "a.thinice"))
    save_weight(files.pruned, pruned_weight(files.task.weight, 0.3))
    with pytest.raises(RunFileError, match=r"holds another run: the model pruned has other weights$"):
        run_it(request(files, tmp_path / "a.thinice"))


@pytest.mark.parametrize("what", ["images", "labels"])
def test_changed_data_is_noticed(files: Files, tmp_path: Path, what: str) -> None:
    run_it(request(files, tmp_path / "a.thinice"))
    images, labels = as_uint8(files.task.images), files.task.labels.copy()
    changed = images if what == "images" else labels
    changed[5] = changed[6]
    np.savez(files.data, images=images, labels=labels)
    with pytest.raises(RunFileError, match=r"holds another run: other samples, or labels, of .*data\.npz$"):
        run_it(request(files, tmp_path / "a.thinice"))


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (1, "its stages are not those of this version's ensemble"),
        (-1, "its distances are those of another version's search"),
    ],
)
def test_attacks_of_another_strength_are_named(files: Files, tmp_path: Path, stage: int, words: str) -> None:
    """As where a later version makes other stages of the same ensemble; the run is not finished."""
    wanted = replace(
        request(files, path := tmp_path / "a.thinice"),
        settings=Settings.build("Linf", "4/255", "quick", distances=True),
    )
    with pytest.raises(KeyboardInterrupt):
        run_it(wanted, StopAfter(5))
    with sqlite3.connect(path) as connection:
        (text,) = connection.execute("SELECT value FROM run WHERE key = 'identity'").fetchone()
        identity = json.loads(text)
        identity["stages"][stage]["targets"] = 1
        connection.execute("UPDATE run SET value = ? WHERE key = 'identity'", (json.dumps(identity),))
    with pytest.raises(RunFileError, match=f"holds another run: {words}"):
        run_it(wanted)


def test_several_pruned_models_share_one_dense(files: Files, tmp_path: Path) -> None:
    more = save_weight(tmp_path / "more.pt", pruned_weight(files.task.weight, 0.9))
    both = run_it(request(files, tmp_path / "a.thinice", pruned=(files.pruned, more)))
    alone = run_it(request(files, tmp_path / "b.thinice"))
    assert [m.record.name for m in both.models] == ["dense", "pruned", "more", "control"]
    for name in ("dense", "pruned"):
        first, second = (next(m for m in r.models if m.record.name == name) for r in (both, alone))
        assert np.array_equal(first.broken_by, second.broken_by)


def test_float_images_are_kept_as_they_are(files: Files, tmp_path: Path) -> None:
    images = files.task.images + np.float32(0.0003)
    np.savez(files.data, images=images, labels=files.task.labels)
    path = tmp_path / "a.thinice"
    run = run_it(request(files, path))
    assert np.array_equal(read_image(path, 3), images[3])
    np.savez(files.data, images=as_uint8(files.task.images), labels=files.task.labels)
    exact = run_it(request(files, tmp_path / "b.thinice"))
    assert exact.info.data != run.info.data


def test_global_settings_of_torch_are_left_alone(files: Files, tmp_path: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    before = torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic
    run_it(request(files, tmp_path / "a.thinice"))
    assert torch.equal(torch.rand(2), expected)
    assert (torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic) == before


def test_progress_never_runs_backwards_and_ends_at_the_total(files: Files, tmp_path: Path) -> None:
    observer = StopAfter()
    run_it(request(files, tmp_path / "a.thinice"), observer)
    for before, after in zip(observer.seen, observer.seen[1:], strict=False):
        if (before.model, before.stage) == (after.model, after.stage):
            assert after.done >= before.done
        assert 0 <= after.done <= after.total


def test_a_run_resumed_elsewhere_or_otherwise_says_so(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "cut.thinice"
    with pytest.raises(KeyboardInterrupt):
        run_it(request(files, path), StopAfter(60))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE run SET value = '\"cuda:0 (another)\"' WHERE key = 'device'")
        versions = {"thinice-tui": "0.0.1", "torch": "1.0"}
        connection.execute("UPDATE run SET value = ? WHERE key = 'versions'", (json.dumps(versions),))
    settings = Settings.build("Linf", "4/255", "quick", batch_size="8", keep_images="none")
    observer = StopAfter()
    run = run_it(request(files, path, settings=settings), observer)
    said = " ".join(observer.warnings)
    assert "begun on cuda:0 (another), resumed on cpu" in said and "torch 1.0 →" in said
    assert "--keep-images stays all" in said
    assert sorted(run.info.warnings) == sorted(observer.warnings)
    broken = int(np.flatnonzero(run.models[0].broken_by >= 0)[-1])
    assert read_adversarial(path, 0, broken) is not None


@pytest.mark.parametrize("began", ["cpu (7 threads)", "3 workers, each on cpu (1 thread), a worker on cpu (2 threads)"])
def test_another_number_of_threads_is_no_warning(began: str, files: Files, tmp_path: Path) -> None:
    path = tmp_path / "cut.thinice"
    with pytest.raises(KeyboardInterrupt):
        run_it(request(files, path), StopAfter(60))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE run SET value = ? WHERE key = 'device'", (json.dumps(began),))
    observer = StopAfter()
    run_it(request(files, path), observer)
    assert not [warning for warning in observer.warnings if "resumed on" in warning]


def test_a_run_that_is_refused_names_its_last_engine_still(files: Files, tmp_path: Path) -> None:
    """--run is taken before models are read; that it holds another run is known only then."""
    path = tmp_path / "a.thinice"
    with pytest.raises(KeyboardInterrupt):
        run_it(request(files, path), StopAfter(100))
    before = read_run(path)
    assert before.engine is not None and before.heartbeat is not None
    result = CliRunner().invoke(app, [*files.arguments, "--run", str(path), "--eps", "3/255"])
    assert result.exit_code == 1 and "holds another run" in " ".join(result.stderr.split())
    assert (read_run(path).engine, read_run(path).heartbeat) == (before.engine, before.heartbeat)
    assert not Path(f"{path}.lock").exists()
