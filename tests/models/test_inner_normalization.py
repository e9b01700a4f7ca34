"""Constants of a normalisation are applied once: in front of a known network, or inside the user's own."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.commands.calling import call, compare_json, error_text
from tests.models import normalizing_networks
from tests.models.normalizing_networks import MEAN, STD, Own
from tests.models.reference_networks import REFERENCES
from thinice_tui.errors import CheckpointError
from thinice_tui.models.inner_normalization import inner_constants, is_constant
from thinice_tui.models.load import LoadedModel, load_model

NETWORK = "cifar_resnet18"
FILE = Path(normalizing_networks.__file__)
PAIRS = [
    *(("mu", "sigma"), ("normalize_mean", "normalize_std"), ("preprocess.mean", "preprocess.std")),
    *(("normalizer.new_mean", "normalizer.new_std"), ("_mean", "_std"), ("norm.mean", "norm.std")),
    *(("norm.mean", "norm.sd"), ("normalizer.means", "normalizer.stds")),
]


def normalised(images: Tensor) -> Tensor:
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    return (images - mean) / std


def images(side: int = 32) -> Tensor:
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(1))


def logits(model: LoadedModel, some: Tensor) -> Tensor:
    with torch.no_grad():
        found: Tensor = model.classifier()(some)
    return found


@pytest.mark.parametrize("shape", [(3,), (1, 3, 1, 1), (3, 1, 1)])
@pytest.mark.parametrize(("mean", "std"), PAIRS)
def test_constants_under_any_name_are_in_front_of_a_known_network(
    mean: str, std: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    state = REFERENCES[NETWORK].make(4, 3)
    constants = {mean: torch.tensor(MEAN).view(shape), std: torch.tensor(STD).view(shape)}
    torch.save({"state_dict": {**constants, **state}}, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt")
    assert model.source == "the file's buffers" and model.arch.partition(" ")[0] == NETWORK
    expected = REFERENCES[NETWORK].logits(state, normalised(images()))
    assert torch.allclose(logits(model, images()), expected, atol=1e-4)


def test_constants_beside_the_weights_are_taken_and_single_numbers_are(tmp_path: Path) -> None:
    state = REFERENCES[NETWORK].make(4, 3)
    expected = REFERENCES[NETWORK].logits(state, normalised(images()))
    for beside in ({"mean": list(MEAN), "std": STD}, {"normalize": {"mu": torch.tensor(MEAN), "sigma": STD}}):
        torch.save({"state_dict": state, **beside}, tmp_path / "a.pt")
        model = load_model(tmp_path / "a.pt")
        assert model.source == "the file's metadata"
        assert torch.allclose(logits(model, images()), expected, atol=1e-4)
    torch.save({"state_dict": state, "mean": 0.93, "std": 0.01}, tmp_path / "a.pt")
    assert load_model(tmp_path / "a.pt").source == "undecided", "the mean of what, is not said"
    torch.save({"mu": torch.tensor(0.5), "sigma": torch.tensor([0.25]), **state}, tmp_path / "a.pt")
    expected = REFERENCES[NETWORK].logits(state, (images() - 0.5) / 0.25)
    assert torch.allclose(logits(load_model(tmp_path / "a.pt"), images()), expected, atol=1e-4)


@pytest.mark.parametrize("factory", ["mu_sigma", "normalize_mean", "preprocess", "sequential", "unsaved", "listed"])
def test_constants_of_the_users_network_are_in_it_alone(factory: str, tmp_path: Path) -> None:
    """Also where the file says its normalisation a second time, in its metadata."""
    network: nn.Module = getattr(normalizing_networks, factory)()
    about = {"normalization": {"mean": MEAN, "std": STD}} if factory == "mu_sigma" else {}
    torch.save({"state_dict": network.state_dict(), **about}, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt", f"{FILE}:{factory}")
    assert model.source == "inside the network" and model.normalization is None
    *_, weight, bias = network.state_dict().values()
    expected = normalised(images(8)).flatten(1) @ weight.T + bias
    assert torch.allclose(logits(model, images(8)), expected, atol=1e-4)


def test_constants_of_the_file_are_left_out_where_the_network_has_its_own(tmp_path: Path) -> None:
    """The network normalises without saving its constants, the file has them under another name: never twice."""
    network = Own(saved=False)
    stored = {"normalize.mean": torch.tensor(MEAN), "normalize.std": torch.tensor(STD), **network.state_dict()}
    torch.save(stored, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt", f"{FILE}:unsaved")
    assert model.source == "inside the network"
    note = "normalize.mean, normalize.std left out: the network normalises its images itself (mean, std)"
    assert note in model.notes
    weight, bias = network.head[1].weight, network.head[1].bias
    assert isinstance(weight, Tensor) and isinstance(bias, Tensor)
    expected = normalised(images(8)).flatten(1) @ weight.detach().T + bias.detach()
    assert torch.allclose(logits(model, images(8)), expected, atol=1e-4)


VARIANCE = tuple(value**2 for value in STD)
INVERSE = tuple(1 / value for value in STD)


@pytest.mark.parametrize(
    ("constants", "words", "do"),
    [
        ({"mu": MEAN, "sigma": VARIANCE}, "sigma is 0.0625, 0.0576, 0.0676, which is no standard deviation", "give --"),
        ({"norm.mean": MEAN, "norm.std": INVERSE}, r"norm\.std is 4, 4\.167, 3\.846.* an inverse", "give --normalize"),
        ({"_mean": MEAN}, "it holds _mean, expected a mean and a standard deviation", "give --normalize"),
        ({"mean": MEAN, "std": STD, "mu": (0.1, 0.1, 0.1)}, "it holds mean, std, mu", "give --normalize"),
        (
            {"mu": (123.675, 116.28, 103.53), "sigma": (58.395, 57.12, 57.375)},
            "units of 0-255",
            "--normalize 0.485,0.456,0.406/0.229,0.224,0.225",
        ),
    ],
)
def test_values_that_cannot_be_meant_are_refused(
    constants: dict[str, tuple[float, ...]], words: str, do: str, tmp_path: Path
) -> None:
    tensors = {key: torch.tensor(values) for key, values in constants.items()}
    torch.save({**REFERENCES[NETWORK].make(4, 3), **tensors}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=words) as caught:
        load_model(tmp_path / "a.pt")
    assert do in caught.value.do
    assert load_model(tmp_path / "a.pt", normalize="imagenet").source == "given"


def test_a_given_normalisation_in_front_of_an_inner_one_is_warned_of() -> None:
    network = normalizing_networks.mu_sigma()
    for name in ("dense", "pruned"):
        torch.save(network.state_dict(), f"{name}.pt")
    rows = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    np.savez("data.npz", images=rows, labels=np.arange(6) % 5)
    arguments = ("dense.pt", "pruned.pt", "--data", "data.npz", "--arch", f"{FILE}:mu_sigma")
    warnings = compare_json(*arguments, "--normalize", "cifar10", "--run", "a.thinice")["run"]["warnings"]
    assert any("a network that holds a normalisation itself (mu, sigma): images may be normalised twice" in warning
               for warning in warnings)  # fmt: skip
    warnings = compare_json(*arguments, "--run", "b.thinice")["run"]["warnings"]
    assert not any("twice" in warning for warning in warnings)
    result = call("compare", *arguments, "--normalize", "123.675,116.28,103.53/58.395,57.12,57.375", "--report")
    assert result.exit_code == 2 and "units of 0-255" in error_text(result)
    assert "divided by 255, they are --normalize 0.485,0.456,0.406/0.229,0.224,0.225" in error_text(result)


def test_other_attributes_are_no_constants() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    assert inner_constants(network) == ()
    network.mean = 0.5  # type: ignore[assignment]
    assert inner_constants(network) == (), "a mean without a standard deviation"
    assert inner_constants(Own()) == ("mean", "std") == inner_constants(Own(saved=False))


@pytest.mark.parametrize(
    ("value", "constant"),
    [
        *((0.5, True), (1, True), ([0.5] * 3, True), (torch.zeros(1, 3, 1, 1), True), (np.zeros(3), True)),
        *((True, False), ("abc", False), (b"abc", False), ([0.5] * 2, False), (torch.zeros(64), False)),
        *((10**400, False), ([10**400] * 3, False), (torch.zeros(3, dtype=torch.complex64), False)),
        *((np.array(["a", "b", "c"]), False), (None, False), (["a", "b", "c"], False)),
    ],
)
def test_a_constant_is_one_number_or_three(value: object, constant: bool) -> None:
    assert is_constant(value) is constant
