"""The constants in the code of pruning methods: which file is whose, and what is taken where accuracy cannot tell."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.commands.calling import compare_json
from tests.models.checks import weights
from tests.models.reference_networks import REFERENCES, State
from tests.places import SAMPLE_MODELS
from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight.normalization import choose_normalizations
from thinice_tui.models.load import load_model
from thinice_tui.models.method_constants import BIRDS, MAD, RST, Method, method_normalization, method_of
from thinice_tui.models.normalization import KNOWN

ONE = math.log(math.e - 1)
"""softplus(ONE) = 1."""


def sample(name: str) -> State:
    state: State = torch.load(SAMPLE_MODELS / f"{name}.pt", weights_only=True)["state_dict"]
    return state


def as_mad(state: State) -> dict[str, object]:
    layers = [key.removesuffix("weight") for key in weights(state)]
    names = {f"{layer}{part}": f"{layer}mask_{part}" for layer in layers for part in ("weight", "bias")}
    masks = {mask: torch.full_like(state[name], ONE) for name, mask in names.items() if name in state}
    return {"net": {**state, **masks}, "acc": 64.0}


def as_birds(state: State) -> dict[str, object]:
    return {"state_dict": state, "best_sa": 64.0, "best_ra": 31.0}


def as_rst(state: State) -> dict[str, object]:
    return {"state_dict": {**state, **{key.replace("weight", "scores"): state[key] for key in weights(state)}}}


def write_files(pruned: dict[str, object]) -> Samples:
    """Write dense.pt and pruned.pt, neither of which names its normalisation, and data.npz with the 40 images."""
    torch.save({"state_dict": sample("dense")}, "dense.pt")
    torch.save(pruned, "pruned.pt")
    with np.load(SAMPLE_MODELS / "cifar10-test-1000.npz") as data:
        images, labels = data["images"][:40], data["labels"][:40].astype(np.int64)
    np.savez("data.npz", images=images, labels=labels)
    return Samples(images.transpose(0, 3, 1, 2), labels, np.arange(40), (), "CIFAR-10")


@pytest.mark.parametrize(
    ("write", "mean", "std", "who"),
    [
        (as_mad, (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010), "MAD"),
        (as_birds, (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616), "RobustBird"),
        (as_rst, (0.491, 0.482, 0.447), (0.247, 0.243, 0.262), "robust scratch tickets"),
    ],
)
def test_among_ties_the_constants_of_the_method_are_taken_for_all_models(
    write: Callable[[State], dict[str, object]], mean: tuple[float, ...], std: tuple[float, ...], who: str
) -> None:
    """On 40 images CIFAR-10's constants cannot be told from their neighbours; the method's code decides."""
    samples = write_files(write(sample("pruned")))
    models = [load_model(Path(f"{name}.pt"), keep=1) for name in ("dense", "pruned")]
    choice = choose_normalizations(models, ["dense", "pruned"], StratifiedSample(samples), (), torch.device("cpu"))
    for model, trial in zip(choice.models, choice.trials, strict=True):
        assert model.normalization is not None and trial is not None
        assert (model.normalization.mean, model.normalization.std) == (mean, std)
        assert f"which the code of {who}" in trial.why


def test_each_file_gets_the_constants_of_its_own_method() -> None:
    write_files(as_mad(sample("pruned")))
    torch.save(as_birds(sample("pruned-90")), "birds.pt")
    found = compare_json("dense.pt", "pruned.pt", "birds.pt", "--data", "data.npz", "--samples", "4")
    names = [model["normalization"].partition(":")[0] for model in found["models"]]
    assert "which the code of MAD uses" in found["run"]["normalization"]["dense"]["why"]
    assert names == ["cifar10-2023", "cifar10-2023", "cifar10"]


@pytest.mark.parametrize(
    ("name", "method"), [("preact_resnet18", BIRDS), ("vgg16_radmm", BIRDS), ("vgg16_hydra", None)]
)
def test_robustbirds_networks_are_known_where_torch_has_pruned_them(
    name: str, method: Method | None, tmp_path: Path
) -> None:
    """Its files in the public benchmark hold nothing else."""
    state = REFERENCES[name].make(10, 3)
    pruned = {f"{key}_orig" if key in weights(state) else key: value for key, value in state.items()}
    pruned |= {f"{key}_mask": torch.ones_like(state[key]) for key in weights(state)}
    torch.save({"state_dict": pruned}, tmp_path / "a.pt")
    assert method_of(load_model(tmp_path / "a.pt").checkpoint) is method
    torch.save({"state_dict": state}, tmp_path / "a.pt")
    assert method_of(load_model(tmp_path / "a.pt").checkpoint) is None, "a network that is not pruned"


def test_a_method_is_known_by_its_masks_and_by_what_it_saves(tmp_path: Path) -> None:
    state, path = sample("pruned"), tmp_path / "a.pt"
    for content, method in (
        (as_mad(state), MAD),
        (as_birds(state), BIRDS),
        ({"state_dict": state, "mask_info": {}}, BIRDS),
        (as_rst(state), RST),
        ({"state_dict": state, "acc": 64.0, "best_sa": 64.0}, None),
    ):
        torch.save(content, path)
        checkpoint = load_model(path, keep=1 if method is RST else None).checkpoint
        assert method_of(checkpoint) is method
        if method is None:
            assert method_normalization(checkpoint) is None
    torch.save(as_mad(state), path)
    checkpoint = load_model(path).checkpoint
    assert method_normalization(checkpoint, "svhn") == (MAD, "mad-svhn")
    assert method_normalization(checkpoint, "imagenet") is None, "its code has none for such data"
    assert all(name in KNOWN for method in (MAD, BIRDS, RST) for name in method.constants.values())
