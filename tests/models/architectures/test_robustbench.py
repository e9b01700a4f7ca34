"""Entries of robustbench's model zoo, with files of the user's own; a stub stands in for the package."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.commands.calling import call, error_text
from tests.models.stub_packages import ROBUSTBENCH, stub, zoo_logits, zoo_state
from thinice_tui.errors import CheckpointError, CodeError, UsageError
from thinice_tui.models.load import LoadedModel, load_model


@pytest.fixture
def zoo(tmp_path: Path) -> Iterator[None]:
    with stub(tmp_path / "site", "robustbench", ROBUSTBENCH, "1.1"):
        yield


def check(model: LoadedModel, logits: Tensor, images: Tensor) -> None:
    with torch.no_grad():
        assert torch.allclose(model.classifier()(images), logits, atol=1e-5)
    assert model.source == "inside the network" and model.normalization is None


def images() -> Tensor:
    return torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def saved(content: object, tmp_path: Path) -> Path:
    torch.save(content, tmp_path / "a.pt")
    return tmp_path / "a.pt"


@pytest.mark.usefixtures("zoo")
@pytest.mark.parametrize("prefix", ["", "module.", "model.", "module.model."])
@pytest.mark.parametrize(
    ("name", "slope", "normalized"),
    [
        ("Plain2020", 1.0, False),
        ("cifar10/Linf/Normal2020", 1.0, True),
        ("cifar10/L2/Steep2020", 2.0, False),
        ("cifar10/L2/Hidden2020", 1.0, True),
        ("imagenet/Linf/Wrapped2020", 1.0, True),
    ],
)
def test_an_entry_holds_the_files_weights(
    name: str, slope: float, normalized: bool, prefix: str, tmp_path: Path
) -> None:
    state = zoo_state()
    path = saved({"state_dict": {prefix + key: value for key, value in state.items()}}, tmp_path)
    model = load_model(path, f"robustbench:{name}")
    check(model, zoo_logits(state, images(), slope, normalized), images())
    stored = normalized and "Hidden" not in name
    assert any("normalisation of robustbench's entry" in note for note in model.notes) == stored


@pytest.mark.usefixtures("zoo")
def test_the_last_weights_are_taken(tmp_path: Path) -> None:
    last, best = zoo_state(1), zoo_state(2)
    path = saved({"best": best, "last": last, "epoch": 3}, tmp_path)
    check(load_model(path, "robustbench:Plain2020"), zoo_logits(last, images()), images())


@pytest.mark.usefixtures("zoo")
def test_normalisation_constants_of_the_file_win(tmp_path: Path) -> None:
    state = zoo_state()
    shifted = images() * torch.tensor([0.5, 2.0, 1.0]).view(1, 3, 1, 1)
    names = {"Normal2020": ("mu", "sigma"), "imagenet/Linf/Wrapped2020": ("normalize.mean", "normalize.std")}
    for name, (mean, std) in names.items():
        one = torch.ones(1, 3, 1, 1)
        model = load_model(saved({**state, mean: 0 * one, std: one}, tmp_path), f"robustbench:{name}")
        check(model, zoo_logits(state, shifted), shifted)
    with pytest.raises(CheckpointError, match="unexpected normalize"):
        load_model(
            saved({**state, "normalize.mean": one[0], "normalize.std": one[0]}, tmp_path), "robustbench:Plain2020"
        )


@pytest.mark.usefixtures("zoo")
def test_all_but_normalisation_must_be_there(tmp_path: Path) -> None:
    for name in ("conv.bias", "bn.running_mean", "fc.weight"):
        state = zoo_state()
        del state[name]
        with pytest.raises(CheckpointError, match=f"missing {name}"):
            load_model(saved(state, tmp_path), "robustbench:Normal2020")
    with pytest.raises(CheckpointError, match=r"unexpected extra\.weight"):
        load_model(saved({**zoo_state(), "extra.weight": torch.ones(2, 2)}, tmp_path), "robustbench:Plain2020")


@pytest.mark.usefixtures("zoo")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Normal2021", "such as Normal2020"),
        ("svhn/Linf/Plain2020", "has no 'svhn'"),
        ("cifar10/L7/Plain2020", "expected one of Linf, L2"),
        ("cifar10/Plain2020", "expected a name, or a data set"),
        ("Plain2020(depth=3)", "take no literals"),
    ],
)
def test_an_unknown_entry_is_wrong_usage(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_model(saved(zoo_state(), tmp_path), f"robustbench:{name}")
    assert message in f"{caught.value.what}; {caught.value.do}"


@pytest.mark.usefixtures("zoo")
def test_nothing_is_downloaded_and_failures_are_named(tmp_path: Path) -> None:
    with pytest.raises(CodeError, match="would download weights") as caught:
        load_model(saved(zoo_state(), tmp_path), "robustbench:Online2020")
    assert caught.value.exit_code == 1
    with pytest.raises(CodeError, match="the factory failed: TypeError"):
        load_model(saved(zoo_state(), tmp_path), "robustbench:Broken2020")


@pytest.mark.parametrize(
    "code", [None, "raise RuntimeError('operator torchvision::nms does not exist')", "import absent"]
)
def test_without_the_package_it_says_how_to_install_it(code: str | None, tmp_path: Path) -> None:
    path = saved(zoo_state(), tmp_path)
    if code is None:
        result = call("inspect", path, "--arch", "robustbench:Plain2020")
    else:
        with stub(tmp_path / "site", "robustbench", code):
            result = call("inspect", path, "--arch", "robustbench:Plain2020")
    assert result.exit_code == 1 and "pip install git+https://github.com/RobustBench/robustbench.git" in error_text(
        result
    )
    assert "robustbench cannot be imported" in error_text(result) and "Traceback" not in result.stderr


def test_an_entry_is_compared_and_its_version_is_part_of_the_run(tmp_path: Path) -> None:
    """A dense and a pruned file of an entry that normalises inside, on images that their formula classifies."""
    dense = zoo_state()
    pruned = {**dense, "conv.weight": dense["conv.weight"] * (dense["conv.weight"].abs() > 0.1)}
    torch.save({"state_dict": {f"module.{key}": value for key, value in dense.items()}}, tmp_path / "dense.pt")
    torch.save(pruned, tmp_path / "pruned.pt")
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    x = torch.from_numpy(pixels.transpose(0, 3, 1, 2) / np.float32(255))
    labels = zoo_logits(dense, x, normalized=True).argmax(dim=1).numpy()
    np.savez(tmp_path / "data.npz", images=pixels, labels=labels)
    words = ["compare", tmp_path / "dense.pt", tmp_path / "pruned.pt", "--data", tmp_path / "data.npz"]
    words += ["--attack", "pgd-1", "--arch", "robustbench:Normal2020", "--report", "--run", tmp_path / "a.thinice"]
    with stub(tmp_path / "one", "robustbench", ROBUSTBENCH, "1.1"):
        result = call(*words, "--format", "json")
        assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)["models"]
    kept = (zoo_logits(pruned, x, normalized=True).argmax(dim=1).numpy() == labels).mean()
    assert [model["clean_accuracy"] for model in found] == [1.0, pytest.approx(kept)] and kept < 1
    with stub(tmp_path / "two", "robustbench", ROBUSTBENCH, "1.2"):
        again = call(*words)
    assert again.exit_code == 1 and "robustbench:Normal2020) has changed" in error_text(again)
