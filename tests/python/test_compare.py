"""`thinice_tui.compare`: several modules, in memory or with a run file that every command takes."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import thinice_tui as ti
from tests.commands.calling import call
from tests.engine_runs import request, run_it
from tests.linear_models import Files
from tests.python.modules import EPS, TASK, dense, pruned
from thinice_tui.protocol.settings import Settings

RUN = "x.thinice"


def compare(**changes: object) -> ti.LoadedRun:
    arguments = {"images": TASK.images, "labels": TASK.labels, "eps": EPS, "attack": "pgd-3", "batch_size": 8}
    return ti.compare(dense(), {"pruned": pruned()}, **{**arguments, **changes})  # type: ignore[arg-type]


def test_flips_are_those_of_the_files(files: Files) -> None:
    settings = Settings.build("Linf", EPS, "quick", keep_images="all")
    theirs = run_it(request(files, Path("files.thinice"), settings=settings))
    file = ti.load_run(theirs.path)
    control = dense()
    with torch.no_grad():
        control.get_parameter("1.weight").mul_(1.5)
    with pytest.warns(ti.ThiniceWarning):
        ours = ti.compare(
            dense(), {"pruned": pruned()}, file.images, file.labels, control=control, eps=EPS, keep_images="all"
        )
    assert [model.name for model in ours.models] == ["dense", "pruned", "control"]
    for mine, other in zip(ours.models, file.models, strict=True):
        assert mine.role == other.role and mine.record.sparsity_conv_linear == other.record.sparsity_conv_linear
        assert np.array_equal(mine.standing, other.standing) and np.array_equal(mine.logits, other.logits)
        assert mine.broken_by.tolist() == other.broken_by.tolist()
        assert np.array_equal(ours.adversarial(mine.name).images, file.adversarial(other.name).images)
    assert ours.compare("pruned").nfr == file.compare("pruned").nfr
    assert ours.path is None and ours.complete


@pytest.mark.filterwarnings("ignore::thinice_tui.errors.ThiniceWarning")
def test_the_run_file_is_one_that_commands_take() -> None:
    run = compare(run=RUN)
    assert run.path == Path(RUN) and run.complete
    report = call("report", RUN)
    assert report.exit_code == 0 and "pruned" in report.stdout
    assert {model.record.path for model in run.models} == {"dense (in memory)", "pruned (in memory)"}
    assert [len(model.record.sha256) for model in run.models] == [64, 64]
    verified = call("verify", RUN)
    assert verified.exit_code == 1 and "was a torch module in memory" in " ".join(verified.stderr.split())


@pytest.mark.filterwarnings("ignore::thinice_tui.errors.ThiniceWarning")
def test_an_interrupted_run_goes_on_with_the_same_outcomes() -> None:
    whole, passes = compare(run="whole.thinice"), []

    def interrupt(beat: ti.Heartbeat) -> None:
        passes.append(beat)
        if len(passes) > 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(run=RUN, progress=interrupt)
    part = ti.load_run(RUN)
    assert not part.complete and "NOT complete" in repr(part)
    run = compare(run=RUN)
    assert run.complete and len(passes) == 9
    for mine, other in zip(run.models, whole.models, strict=True):
        assert mine.broken_by.tolist() == other.broken_by.tolist()
        assert np.array_equal(mine.adversarial_logits, other.adversarial_logits, equal_nan=True)


@pytest.mark.filterwarnings("ignore::thinice_tui.errors.ThiniceWarning")
def test_other_weights_data_and_settings_are_refused() -> None:
    compare(run=RUN)
    again = compare(run=RUN)  # finished: nothing is computed
    assert again.complete
    other = dense()
    with torch.no_grad():
        other.get_parameter("1.weight")[0, 0] += 1
    for changes, said in (
        ({"seed": 1}, "seed was 0, now 1"),
        ({"labels": (TASK.labels + 1) % 5}, "other samples, or labels"),
        ({"eps": "5/255"}, "eps was 4/255, now 5/255"),
    ):
        with pytest.raises(ti.RunFileError, match=said) as raised:
            compare(run=RUN, **changes)
        assert raised.value.do == "give another file with run"
    with pytest.raises(ti.RunFileError, match="the model dense has other weights"):
        ti.compare(other, {"pruned": pruned()}, TASK.images, TASK.labels, eps=EPS, attack="pgd-3", run=RUN)


@pytest.mark.parametrize("name", ["", " ", "dense", "control"])
def test_a_name_that_is_a_role_is_refused(name: str) -> None:
    with pytest.raises(ti.UsageError, match="a pruned model is named"):
        ti.compare(dense(), {name: pruned()}, TASK.images, TASK.labels)


def test_a_folder_is_no_run_file() -> None:
    Path("folder").mkdir()
    with pytest.raises(ti.RunFileError, match="is a folder"):
        compare(run="folder")
    shutil.rmtree("folder")


def test_a_dense_model_may_be_alone_and_another_norm_has_its_own_eps() -> None:
    run = ti.compare(dense(), {}, TASK.images, TASK.labels, norm="L2", attack="pgd-1", class_names=list("abcde"))
    assert run.settings.eps.text == "0.5" and run.class_names == tuple("abcde") and len(run.models) == 1
    with pytest.raises(ti.UsageError, match="is the dense model itself"):
        run.compare("dense")
