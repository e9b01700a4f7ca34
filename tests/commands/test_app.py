"""The command line: what it prints, where, and its exit codes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from tests.fake_runs import write_run
from tests.linear_models import ARCH, Files, as_uint8, module
from tests.places import LINEAR_MODELS
from thinice_tui import __version__
from thinice_tui.commands.app import app
from thinice_tui.runfile.read_sample import read_adversarial
from thinice_tui.runfile.reader import read_run

LINEAR_MODELS_FILE = str(LINEAR_MODELS)
QUICK = ["--attack", "quick", "--eps", "4/255"]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def said(result: Result) -> str:
    """stderr on one line, its wrapping undone."""
    return " ".join(result.stderr.split())


def test_help_and_version_come_without_torch() -> None:
    for arguments in (["--help"], ["compare", "--help"], ["--version"]):
        code = (
            "import sys; from thinice_tui.commands.app import app\n"
            f"try: app({arguments!r})\n"
            "except SystemExit as stop: assert not stop.code\n"
            "assert not {'torch', 'numpy', 'scipy', 'plotext', 'textual'} & set(sys.modules)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()
    assert __version__ in done.stdout


def test_compare_writes_data_to_stdout_and_all_else_to_stderr(files: Files) -> None:
    result = call(*files.arguments, *QUICK, "--control", files.control, "--format", "json", "--samples-in-report")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["run"]["complete"] and len(found["samples"]) == 48
    assert [model["role"] for model in found["models"]] == ["dense", "pruned", "control"]
    assert found["models"][1]["sparsity"]["conv_linear"] == pytest.approx(0.2, abs=0.05)
    for words in ("dense · clean: accuracy", "dense · PGD-20:", "pruned · APGD-T:", "robust accuracy ≤", "run file:"):
        assert words in said(result), words
    dense = found["models"][0]
    eps = found["run"]["settings"]["eps"]["value"]
    exact = files.task.distances("Linf")
    assert dense["robust_accuracy"] == pytest.approx(float((exact > eps).mean()), abs=0.03)


def test_the_same_command_again_reports_the_finished_run(files: Files) -> None:
    first = call(*files.arguments, *QUICK)
    again = call(*files.arguments, *QUICK)
    assert first.exit_code == again.exit_code == 0
    assert "PGD-20:" not in again.stderr and "finished already" in said(again) and first.stdout == again.stdout
    (run,) = Path("runs").glob("*.thinice")
    assert re.fullmatch(r"dense-pruned-[0-9a-f]{8}\.thinice", run.name)
    later = call("report", run)
    assert later.exit_code == 0 and later.stdout == first.stdout


def test_the_report_goes_to_a_file_where_asked(files: Files) -> None:
    result = call(*files.arguments, *QUICK, "-o", "out.txt")
    assert result.exit_code == 0 and result.stdout == ""
    assert "Samples on thin ice" in Path("out.txt").read_text()
    result = call(*files.arguments, *QUICK, "-o", "absent/out.txt")
    assert result.exit_code == 1 and "cannot be written" in said(result)


def test_without_report_it_says_so(files: Files) -> None:
    result = call(*[a for a in files.arguments if a != "--report"])
    assert result.exit_code == 2 and "add --report" in said(result)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--eps", "8"], "did you mean 8/255?"),
        (["--eps", "zero"], "expected a positive number"),
        (["--eps", "-1/255"], "expected a positive number"),
        (["--eps", "1/0"], "expected a positive number"),
        (["--eps", "nan"], "expected a positive number"),
        (["--eps", ""], "expected a positive number"),
        (["--data", ""], "--data is ''"),
        (["--norm", "L1"], "expected Linf or L2"),
        (["--attack", "fgsm"], "expected quick, standard, plus or pgd-K"),
        (["--batch-size", "0"], "expected auto or a number from 1"),
        (["--seed", "-1"], "--seed is -1"),
        (["--keep-images", "some"], "expected flips, all or none"),
        (["--format", "xml"], "expected text or json"),
        (["--device", "cuda:99"], "--device cuda:99: not usable here"),
        (["--device", "gpu"], "--device gpu: not usable here"),
        (["--normalize", "cifar11"], "--normalize is 'cifar11'"),
        (["--data", "somewhere"], "expected cifar10:DIR, cifar100:DIR"),
        (["--arch", "absent.py:linear"], "there is no file absent.py"),
        (["--arch", "resnet999"], "is not known"),
        (["--samples", "many"], "as an integer"),
        (["--samples", "0"], "greater than or equal to 1"),
        (["--samples-in-report"], "add --format json"),
        (["--format", "text", "-o", "report.json"], "is named as json, --format says text"),
    ],
)
def test_wrong_usage_exits_with_2_and_one_message(files: Files, options: list[str], message: str) -> None:
    result = call(*files.arguments, *QUICK, *options)
    assert result.exit_code == 2, result.stderr
    assert message in said(result) and "Traceback" not in result.stderr
    assert result.stdout == "" and not Path("runs").exists()


def with_data(files: Files, **changes: object) -> None:
    arrays = {"images": as_uint8(files.task.images), "labels": files.task.labels} | changes
    np.savez(files.data, **arrays)  # type: ignore[arg-type]


def test_images_in_0_255_are_refused(files: Files) -> None:
    with_data(files, images=as_uint8(files.task.images).astype(np.float32))
    check_refused(call(*files.arguments), "expected [0, 1]", "divide by 255")


def test_labels_out_of_range_are_refused(files: Files) -> None:
    with_data(files, labels=files.task.labels + 3)
    check_refused(call(*files.arguments), "has the label 7", "knows 5 classes")


def test_negative_labels_are_refused(files: Files) -> None:
    with_data(files, labels=files.task.labels - 1)
    check_refused(call(*files.arguments), "lowest label is -1", "whole numbers from 0")


def test_models_of_different_tasks_are_refused(files: Files) -> None:
    torch.save({"state_dict": module(files.task.weight[:4]).state_dict()}, files.pruned)
    with_data(files, labels=files.task.labels % 3)
    check_refused(call(*files.arguments), "knows 4 classes", "models of the same task")


def test_nan_weights_are_refused(files: Files) -> None:
    state = module(files.task.weight).state_dict()
    state["1.weight"][0, 0] = torch.nan
    torch.save(state, files.pruned)
    check_refused(call(*files.arguments), "holds NaN or infinite values", "training diverged")


def test_logits_that_are_not_finite_are_refused(files: Files) -> None:
    state = {f"inner.{key}": value for key, value in module(files.task.weight).state_dict().items()}
    for path in (files.dense, files.pruned):
        torch.save(state, path)
    result = call(*files.arguments, "--arch", f"{LINEAR_MODELS_FILE}:overflowing")
    check_refused(result, "NaN or infinite", "check the normalisation")


def test_probabilities_are_refused(files: Files) -> None:
    result = call(*files.arguments, "--arch", f"{LINEAR_MODELS_FILE}:softmaxed")
    check_refused(result, "returns probabilities", "remove the softmax")


def test_a_truncated_checkpoint_is_refused(files: Files) -> None:
    files.pruned.write_bytes(files.pruned.read_bytes()[:1000])
    check_refused(call(*files.arguments), "truncated", "copy it again")


def test_more_samples_than_there_are_is_refused(files: Files) -> None:
    check_refused(call(*files.arguments, "--samples", 49), "holds 48 samples", "1 to 48")


def test_another_run_in_the_file_is_refused(files: Files) -> None:
    assert call(*files.arguments, *QUICK, "--run", "a.thinice").exit_code == 0
    result = call(*files.arguments, *QUICK, "--seed", 1, "--run", "a.thinice")
    check_refused(result, "seed was 0, now 1", "another file with --run")


def test_a_run_file_that_is_none_is_refused() -> None:
    Path("a.thinice").write_text("text " * 100)
    check_refused(call("report", "a.thinice"), "a.thinice", "expected NAME.thinice")
    check_refused(call("report", "absent.thinice"), "no such run file", "compare")


def check_refused(result: Result, what: str, do: str) -> None:
    assert result.exit_code == 1, result.stderr
    assert what in said(result) and do in said(result), said(result)
    assert "Traceback" not in result.stderr and result.stdout == ""


def test_debug_shows_the_traceback(files: Files) -> None:
    files.pruned.unlink()
    result = call(*files.arguments, "--debug")
    assert result.exit_code == 1 and "no such file" in str(result.exception)


def test_near_chance_warns_and_goes_on(files: Files) -> None:
    with_data(files, labels=(files.task.labels + 1) % 5)
    result = call(*files.arguments, "--attack", "pgd-2", "--format", "json")
    assert result.exit_code == 0
    assert "warning:" in said(result) and "near chance (20.0%)" in said(result)
    assert "imagenet" in json.loads(result.stdout)["run"]["warnings"][0]


def test_few_classes_fall_back_and_say_so(tmp_path: Path) -> None:
    from tests.linear_models import write_files

    few = write_files(tmp_path, classes=3)
    result = call(*few.arguments, *QUICK)
    assert result.exit_code == 0, result.stderr
    words = "needs 4 classes, the model has 3: the logit margin instead"
    assert words in said(result) and words in " ".join(result.stdout.split())


def test_inspect_shows_sparsity_by_all_conventions_and_layers(files: Files) -> None:
    result = call("inspect", files.dense, files.pruned, "--arch", ARCH)
    assert result.exit_code == 0, result.stderr
    for words in ("of Conv and Linear weights", "mean of the layers", "of all parameters", "5×192", "Linear", "sha256"):
        assert words in result.stdout, words
    found = json.loads(call("inspect", files.pruned, "--arch", ARCH, "--format", "json").stdout)
    assert found[0]["layers"][0]["zeros"] == int((torch.load(files.pruned)["state_dict"]["1.weight"] == 0).sum())
    assert call("inspect", "absent.pt").exit_code == 1


def test_info_names_versions_and_devices() -> None:
    result = call("info")
    assert result.exit_code == 0
    assert torch.__version__ in result.stdout and "gpus:" in result.stdout


@pytest.mark.parametrize("options", ["--format json --samples-in-report", ""])
def test_a_closed_pipe_is_no_error(tmp_path: Path, options: str) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"}, n=3000)
    command = f"{sys.executable} -m thinice_tui report a.thinice {options}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} | (sleep 3; true)"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.stderr == "" and done.returncode == 0


def test_a_stream_that_cannot_show_our_characters_is_no_error(tmp_path: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"}, attack="quick")
    done = subprocess.run(
        [sys.executable, "-m", "thinice_tui", "report", "a.thinice"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0 and b"Samples on thin ice" in done.stdout and done.stderr == b""


def test_edited_architecture_code_is_another_run(files: Files, tmp_path: Path) -> None:
    code = tmp_path / "net.py"
    original = Path(LINEAR_MODELS_FILE).read_text()
    code.write_text(original)
    options = ["--arch", f"{code}:linear", "--attack", "pgd-2", "--run", "a.thinice"]
    assert call(*files.arguments, *options).exit_code == 0
    code.write_text(original + "# edited")
    check_refused(call(*files.arguments, *options), "the code of dense's architecture (linear) has changed", "--run")


def test_a_factory_finds_its_neighbours(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "nets"
    folder.mkdir()
    (folder / "my_layers.py").write_text("from tests.linear_models import linear\n")
    (folder / "my_net.py").write_text("from my_layers import linear\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    result = call("inspect", files.dense, "--arch", f"{folder / 'my_net.py'}:linear")
    assert result.exit_code == 0, result.stderr
    monkeypatch.chdir(folder)
    assert call("inspect", files.dense, "--arch", "my_net:linear").exit_code == 0


def test_a_model_that_is_not_differentiable_fails_in_one_message(files: Files) -> None:
    result = call(*files.arguments, "--arch", f"{LINEAR_MODELS_FILE}:undifferentiable", *QUICK)
    check_refused(result, "dense.pt: has no gradient", "expected a differentiable model")


def test_logits_that_break_under_attack_are_warned_of(files: Files) -> None:
    weird = [
        "--arch",
        f"{LINEAR_MODELS_FILE}:nan_when_perturbed",
        "--attack",
        "quick",
    ]  # a step of whole grey levels would be seen
    result = call(*files.arguments, *weird, "--eps", "3.5/255", "--format", "json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["models"][0]["robust_accuracy"] == found["models"][0]["clean_accuracy"]
    assert "were NaN or infinite" in said(result)
    assert any("far too high" in warning for warning in found["run"]["warnings"])


def test_one_model_alone_is_measured_too(files: Files) -> None:
    """People look at a model before they prune it."""
    arguments = [a for a in files.arguments if a != str(files.pruned)]
    result = call(*arguments, *QUICK, "--distances", "--format", "json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert [model["role"] for model in found["models"]] == ["dense"] and found["comparisons"] == []
    both = json.loads(call(*files.arguments, *QUICK, "--distances", "--format", "json").stdout)
    assert found["models"][0]["robust_accuracy"] == both["models"][0]["robust_accuracy"]
    assert found["security_curves"] == both["security_curves"][:1]
    (run,) = Path("runs").glob("dense-????????.thinice")
    told = call("report", run).stdout
    assert "One model alone" in told and "held n=" in told and "S10" not in told and "NFR" not in told
    kept = [read_adversarial(run, 0, position) is not None for position in range(48)]
    broken = read_run(run).models[0].broken_by >= 0
    assert kept == broken.tolist() and any(kept), "there are no flips to keep: all that broke is"
