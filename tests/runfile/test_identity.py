"""Which runs are the same run, and what is said where they are not."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.linear_models import Files, as_uint8, save_weight
from tests.places import LINEAR_MODELS, SAMPLE_MODELS
from thinice_tui.commands.app import app
from thinice_tui.models.architectures.known import KNOWN
from thinice_tui.models.load import load_model
from thinice_tui.runfile.identity import differences
from thinice_tui.runfile.model_identity import ModelIdentity
from thinice_tui.runfile.reader import read_run

RUN = ["--attack", "pgd-2", "--run", "a.thinice"]


def refusal(files: Files, *options: object) -> str:
    """What `compare` says of the run in a.thinice, which it does not go on with, and nothing else."""
    result = CliRunner().invoke(app, [*files.arguments, *RUN, *map(str, options)])
    said = " ".join(result.stderr.split())
    assert result.exit_code == 1, said
    _, found, after = said.partition("a.thinice: holds another run: ")
    assert found and "Traceback" not in said
    return after.partition(" give another file with --run")[0]


@pytest.fixture
def made(files: Files) -> Files:
    """A finished run in a.thinice, of dense and pruned, normalised by `half`."""
    result = CliRunner().invoke(app, [*files.arguments, *RUN, "--normalize", "half"])
    assert result.exit_code == 0, result.stderr
    return files


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--eps", "4/255"], "eps was 8/255, now 4/255"),
        (["--norm", "L2", "--eps", "8/255"], "norm was Linf, now L2"),
        (["--seed", "5"], "seed was 0, now 5"),
        (["--attack", "pgd-3"], "attack was pgd-2, now pgd-3"),
        (["--precision", "bf16"], "precision was fp32, now bf16"),
        (["--distances"], "distances were not measured, now measured"),
        (["--samples", "40"], "the data were data.npz, now data.npz, the first 40"),
        (
            ["--shuffle", "3", "--seed", "1"],
            "seed was 0, now 1; the data were data.npz, now data.npz, shuffled with seed 3",
        ),
        (["--control", "control.pt"], "it has 2 models, now 3"),
        (
            ["--normalize", "none"],
            "the normalisation of dense was half, now none; the normalisation of pruned was half, now none",
        ),
    ],
)
def test_only_the_setting_that_changed_is_named(made: Files, options: list[str], words: str) -> None:
    normalize = [] if "--normalize" in options else ["--normalize", "half"]
    assert refusal(made, *normalize, *options).replace(f"{made.data}", "data.npz") == words


def test_a_model_with_other_weights_is_named(made: Files) -> None:
    save_weight(made.pruned, made.task.weight[::-1].copy())
    assert refusal(made, "--normalize", "half") == "the model pruned has other weights"


def test_other_data_are_named(made: Files, tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", images=255 - as_uint8(made.task.images), labels=made.task.labels)
    said = refusal(made, "--normalize", "half", "--data", "other.npz")
    assert said == f"the data were {made.data}, now other.npz"


@pytest.mark.parametrize(
    ("samples", "words"), [(48, "other samples, or labels, of data.npz"), (40, "it has 48 samples, now 40")]
)
def test_a_changed_data_file_is_named(made: Files, samples: int, words: str) -> None:
    np.savez(made.data, images=255 - as_uint8(made.task.images[:samples]), labels=made.task.labels[:samples])
    assert refusal(made, "--normalize", "half").replace(f"{made.data}", "data.npz") == words


def test_models_in_another_order_are_named(files: Files) -> None:
    two = replace(files, pruned=files.control)
    three = CliRunner().invoke(app, [*files.arguments, str(files.control), *RUN])
    assert three.exit_code == 0, three.stderr
    assert refusal(two, files.pruned) == "the models come in another order"


def test_a_model_identity_is_read_from_its_text() -> None:
    for one in (
        ModelIdentity("dense", "0a" * 8, "cifar_resnet18 (widths 8, 16)", "", "", False, "none"),
        ModelIdentity("pruned", "0b" * 8, "build", "c" * 16, "0.1", False, "cifar10: [0.4914] / [0.247]"),
        ModelIdentity("control", "0c" * 8, "Net (torch, its own code)", "", "", True, "given: [0.5] / [0.5]"),
    ):
        assert ModelIdentity.parse(one.text()) == one


def test_a_run_of_an_earlier_version_is_the_same_run() -> None:
    """They had the architecture's code and the ensemble as these were typed, and a normalisation by any name."""
    code, weights = "c" * 16, "0b" * 8
    now = ModelIdentity("dense", weights, "build", code, "", False, "cifar10: [0.4914] / [0.247]").text()
    for arch in ("mynet.py:build", "./mynet.py:build", "/a b/mynet.py:build", "mynet:build"):
        then = f"dense {weights} as {arch} (code {code}), normalisation file: [0.4914] / [0.247]"
        stored, wanted = {"attack": "Quick", "models": [then]}, {"attack": "quick", "models": [now]}
        assert differences(stored, wanted, ({}, {}), ["dense"]) == []


# spellings


def test_every_spelling_of_the_same_code_is_the_same_run(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(LINEAR_MODELS, "mynet.py")
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(LINEAR_MODELS, tmp_path / "elsewhere" / "renamed.py")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    spellings = ["mynet.py", "./mynet.py", "~/mynet.py", Path("mynet.py").absolute(), "mynet", "elsewhere/renamed.py"]
    for number, spelled in enumerate(spellings):
        result = CliRunner().invoke(app, [*files.arguments_with(f"{spelled}:linear"), "--attack", "pgd-2"])
        assert result.exit_code == 0, result.stderr
        assert ("finished already" in result.stderr) == (number > 0), spelled
    (run,) = Path("runs").iterdir()
    assert read_run(run).complete


@pytest.mark.parametrize("options", [["--attack", "PGD-2"], ["--eps", "0.03137254901960784"], ["--normalize", "half"]])
def test_the_same_settings_in_other_words_are_the_same_run(files: Files, options: list[str]) -> None:
    first = ["--attack", "pgd-2", "--normalize", "0.50,0.5,0.5/0.5,0.5,0.5"]
    second = ["--attack", "pgd-2", "--normalize", "0.5,0.5,0.5/0.5,0.5,0.50"]
    if "--normalize" in options:
        first, second = ["--attack", "pgd-2", "--normalize", "0.5/0.5"], ["--attack", "pgd-2"]
    for number, arguments in enumerate((first, [*second, *options])):
        result = CliRunner().invoke(app, [*files.arguments, *arguments])
        assert result.exit_code == 0, result.stderr
        assert ("finished already" in result.stderr) == (number > 0)
    assert len(list(Path("runs").iterdir())) == 1


def test_a_known_name_and_auto_are_the_same_run(tmp_path: Path) -> None:
    source = SAMPLE_MODELS / "dense.pt"
    stored = torch.load(source, weights_only=True)
    torch.save(stored["state_dict"], tmp_path / "bare.pt")
    found = load_model(tmp_path / "bare.pt")
    assert found.arch.partition(" (")[0] in KNOWN
    named = load_model(tmp_path / "bare.pt", found.arch.partition(" (")[0])
    assert (named.arch, named.code_sha256) == (found.arch, found.code_sha256)
