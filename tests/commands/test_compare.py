"""`compare`: what its options mean, which values are refused, what it warns of."""

import json
from pathlib import Path

import pytest

from tests.commands.calling import LINEAR_MODELS_FILE, QUICK, call, check_refused, error_text, write_data
from tests.linear_models import Files, write_files
from thinice_tui.runfile.read_sample import read_adversarial
from thinice_tui.runfile.reader import read_run


def test_compare_writes_data_to_stdout_and_all_else_to_stderr(files: Files) -> None:
    result = call(*files.arguments, *QUICK, "--control", files.control, "--format", "json", "--samples-in-report")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["run"]["complete"] and len(found["samples"]) == 48
    assert [model["role"] for model in found["models"]] == ["dense", "pruned", "control"]
    assert found["models"][1]["sparsity"]["conv_linear"] == pytest.approx(0.2, abs=0.05)
    for words in ("dense · clean: accuracy", "dense · PGD-20:", "pruned · APGD-T:", "robust accuracy ≤", "run file:"):
        assert words in error_text(result), words
    dense = found["models"][0]
    eps = found["run"]["settings"]["eps"]["value"]
    exact = files.task.distances("Linf")
    assert dense["robust_accuracy"] == pytest.approx(float((exact > eps).mean()), abs=0.03)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--eps", "8"], "did you mean 8/255?"),
        (["--eps", "255/255"], "--eps 255/255 allows every image under Linf, pixels are in [0,1]"),
        (["--eps", "zero"], "expected a positive number"),
        (["--eps", "-1/255"], "expected a positive number"),
        (["--eps", "1/0"], "expected a positive number"),
        (["--eps", "nan"], "expected a positive number"),
        (["--eps", ""], "expected a positive number"),
        (["--data", ""], "--data is ''"),
        (["--norm", "L0"], "expected Linf, L2 or L1"),
        (["--attack", "fgsm"], "expected quick, fast, standard, plus or pgd-K"),
        (["--batch-size", "0"], "expected auto or a number from 1"),
        (["--seed", "-1"], "--seed is -1"),
        (["--keep-images", "some"], "expected flips, all or none"),
        (["--format", "xml"], "expected text, md, csv, json, latex or html"),
        (["--device", "cuda:99"], "--device cuda:99: cannot be used here"),
        (["--device", "gpu"], "--device gpu: is no device of torch"),
        (["--normalize", "cifar11"], "--normalize is 'cifar11'"),
        (["--data", "somewhere"], "expected cifar10:DIR, cifar100:DIR"),
        (["--arch", "dense=absent.py:linear"], "there is no file absent.py"),
        (["--arch", "dense=resnet999"], "is not known"),
        (["--arch", "auto"], "--arch says two things for dense"),
        (["--keep", "1,0.1"], "--keep dense=1 --keep 0.1"),
        (["--keep", "p=0.1"], "expected dense or pruned"),
        (["--trust-pickle=maybe"], "expected yes or no"),
        (["--samples", "many"], "'--samples'"),
        (["--samples", "0"], "'--samples'"),
        (["--samples-in-report"], "add --format json"),
        (["--format", "text", "-o", "report.json"], "is named as json, --format says text"),
    ],
)
def test_wrong_usage_exits_with_2_and_one_message(files: Files, options: list[str], message: str) -> None:
    result = call(*files.arguments, *QUICK, *options)
    assert result.exit_code == 2, result.stderr
    assert message in error_text(result) and "Traceback" not in result.stderr
    assert result.stdout == "" and not Path("runs").exists()


def test_another_run_in_the_file_is_refused(files: Files) -> None:
    assert call(*files.arguments, *QUICK, "--run", "a.thinice").exit_code == 0
    result = call(*files.arguments, *QUICK, "--seed", 1, "--run", "a.thinice")
    check_refused(result, "seed was 0, now 1", "another file with --run")


def test_a_finished_run_keeps_the_images_that_it_was_begun_with_and_says_so(files: Files) -> None:
    words = [*files.arguments, "--attack", "pgd-1", "--samples", "6", "--run", "a.thinice"]
    assert call(*words).exit_code == 0
    assert "--keep-images" not in error_text(call(*words))
    again = call(*words, "--keep-images", "all")
    assert again.exit_code == 0 and "--keep-images stays flips, as the run was begun with" in error_text(again)


def test_edited_architecture_code_is_another_run(files: Files, tmp_path: Path) -> None:
    code = tmp_path / "net.py"
    original = Path(LINEAR_MODELS_FILE).read_text()
    code.write_text(original)
    words = [*files.arguments_with(f"{code}:linear"), "--attack", "pgd-2", "--run", "a.thinice"]
    assert call(*words).exit_code == 0
    code.write_text(original + "# edited")
    check_refused(call(*words), "the code of dense's architecture (linear) has changed", "--run")


def test_clean_accuracy_near_chance_is_a_warning(files: Files) -> None:
    write_data(files, labels=(files.task.labels + 1) % 5)
    result = call(*files.arguments, "--attack", "pgd-2", "--format", "json")
    assert result.exit_code == 0
    assert "warning:" in error_text(result) and "near chance (20.0%)" in error_text(result)
    assert "imagenet" in json.loads(result.stdout)["run"]["warnings"][0]


def test_few_classes_replace_the_targeted_loss_and_say_so(tmp_path: Path) -> None:
    few = write_files(tmp_path, classes=3)
    result = call(*few.arguments, *QUICK)
    assert result.exit_code == 0, result.stderr
    words = "needs 4 classes, the model has 3: the logit margin instead"
    assert words in error_text(result) and words in " ".join(result.stdout.split())


def test_nan_logits_under_attack_are_a_warning(files: Files) -> None:
    words = [*files.arguments_with(f"{LINEAR_MODELS_FILE}:nan_when_perturbed"), "--attack", "quick"]
    eps = "3.5/255"  # 4/255 moves pixels by whole grey levels, where this model is finite
    result = call(*words, "--eps", eps, "--format", "json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["models"][0]["robust_accuracy"] == found["models"][0]["clean_accuracy"]
    assert "were NaN or infinite" in error_text(result)
    assert any("far too high" in warning for warning in found["run"]["warnings"])


def test_the_dense_model_alone_can_be_attacked(files: Files) -> None:
    """A user looks at a model before pruning it."""
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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--format html", "--format is for reports add --report"),
        ("-o a.html --full", "-o, --full are for reports add --report"),
        ("--samples-in-report", "--samples-in-report is for reports add --report"),
        ("--claim pruned=50@pgd-20", "--claim is for reports add --report"),
        ("--fail-if nfr>0", "--fail-if is for reports add --report"),
        ("--dry-run --format html", "--dry-run prints its plan as text or json, --format is 'html'"),
        ("--dry-run --report --format md", "--dry-run prints its plan as text or json, --format is 'md'"),
        ("--dry-run --full", "--full is for reports --dry-run writes no report: leave it out"),
        ("--dry-run -o a.json", "-o is for reports --dry-run writes no report: leave it out"),
        ("--dry-run --report --fail-if nfr>0", "--fail-if is for reports --dry-run writes no report"),
        ("--audit 3", "--audit and --no-escalate have no effect on standard"),
        ("--class-map a.json", "--class-map is for folders of images"),
        ("--resize 8", "--resize and --crop are for image files"),
    ],
)
def test_an_option_that_needs_another_is_wrong_usage_without_it(files: Files, options: str, message: str) -> None:
    """Before anything is attacked or written."""
    words = options.split()
    arguments = [one for one in files.arguments if one != "--report" or words[0] in ("--class-map", "--resize")]
    result = call(*arguments, *words)
    assert result.exit_code == 2 and message in error_text(result), error_text(result)
    assert not Path("runs").exists() and not Path("a.html").exists()
