"""Weights are found at any depth, and what training keeps beside them is not taken for weights."""

from pathlib import Path

import pytest
import torch

from tests.models.checks import NETWORK, check, prefixed, save, zeroed
from tests.models.reference_networks import REFERENCES, State
from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.candidates import candidates, is_masks
from thinice_tui.models.load import load_model

SMALL = REFERENCES[NETWORK].make(10, 3)
OTHER = {key: value * 1.01 for key, value in SMALL.items()}


def adam(state: State) -> dict[str, object]:
    """What torch.optim.Adam saves for a network."""
    kept = {i: {"step": torch.tensor(9.0), "exp_avg": v, "exp_avg_sq": v} for i, v in enumerate(state.values())}
    return {"state": kept, "param_groups": [{"lr": 0.1, "params": list(range(len(state)))}]}


@pytest.mark.parametrize(
    ("content", "container"),
    [
        ({"runs": [{"best": {"weights": SMALL}}]}, "runs[0].best.weights"),
        ([3, ("x", {"a": SMALL})], "[1][1].a"),
        ((SMALL, {"epoch": 3}), "[0]"),
        ({"checkpoint": {"x": {"y": {"z": {"state_dict": SMALL}}}}}, "checkpoint.x.y.z.state_dict"),
        ({**SMALL, **{f"option_{i}": i for i in range(300)}}, ""),
    ],
)
def test_the_only_weights_are_taken_at_any_depth(content: object, container: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt")
    check(model, NETWORK, SMALL)
    assert model.checkpoint.container == container
    assert (f"weights under {container}" in model.notes) == bool(container)


@pytest.mark.parametrize(
    "beside",
    [
        {"optimizer": adam(OTHER)},
        {"opt": {"moments": OTHER}},
        {"optimizers": [adam(OTHER), adam(OTHER)]},
        {"sgd": adam(OTHER)},
        {"lr_scheduler": {"base": OTHER}},
        {"adam_of_the_trainer": {"exp_avg": torch.rand(9, 9), "exp_avg_sq": torch.rand(9, 9)}},
        {"mask": {key: (value != 0).float() for key, value in OTHER.items()}, "run": 3},
        {"kept": {key: value > 0 for key, value in OTHER.items() if value.ndim > 1}},
        {"confusion": {"train": torch.rand(10, 10), "test": torch.rand(10, 10)}},
        {"history": [{"loss": torch.tensor(0.1), "acc": torch.tensor(0.9)}] * 50},
    ],
)
def test_what_training_keeps_beside_the_weights_is_none(beside: dict[str, object]) -> None:
    """Nothing known is among the keys, and the weights are the last entry."""
    found = [one for one in candidates({**beside, "mine": SMALL}) if one.has_weights]
    assert [one.path for one in found] == ["mine"]


def test_content_that_holds_itself_ends() -> None:
    content: dict[str, object] = {"mine": SMALL}
    content["self"] = [content]
    assert [one.path for one in candidates(content)] == ["mine"]


@pytest.mark.parametrize("record", [(1, 0.5), {"loss": 0.5}, {"loss": torch.tensor(0.5)}, [torch.tensor([0.5])]])
def test_weights_are_found_behind_long_logs(record: object) -> None:
    logs = [record] * 3 + [type(record)(record) for _ in range(20_000)]  # type: ignore[call-arg]
    assert [one.path for one in candidates({"log": logs, "x": {"mine": SMALL}})] == ["x.mine"]


def test_masks_alone_are_no_weights(tmp_path: Path) -> None:
    masks = {key: torch.ones_like(value) for key, value in SMALL.items()}
    with pytest.raises(CheckpointError, match=r"no weights found in it \(it holds: epoch, mask\)"):
        load_model(save({"mask": masks, "epoch": 3}, tmp_path / "a.pt"))  # type: ignore[dict-item]
    assert is_masks("masks_dict") and is_masks("mask_info") and not is_masks("masked_model")


def test_the_tensors_of_a_prefix_can_be_named(tmp_path: Path) -> None:
    """A student and its teacher in one state dict."""
    both = prefixed("student.", SMALL) | prefixed("teacher.", OTHER)
    path = save(both, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"under student\. and teacher\. are each those of .* \(cifar_resnet18\)"):
        load_model(path)
    model = load_model(path, key="teacher")
    check(model, NETWORK, OTHER)
    assert model.checkpoint.container == "teacher"
    check(load_model(path, key="student"), NETWORK, zeroed(SMALL, 0))


def test_plain_data_around_and_among_the_weights_is_kept(tmp_path: Path) -> None:
    content = {"arch": NETWORK, "runs": {"seed": 7, "best": {**SMALL, "recipe": "x", "masks": {}}}}
    about = load_model(save(content, tmp_path / "a.pt")).checkpoint.about  # type: ignore[arg-type]
    assert about["arch"] == NETWORK and about["seed"] == 7 and about["recipe"] == "x" and about["masks"] == {}
    assert "best" not in about and "conv1.weight" not in about


@pytest.mark.parametrize(
    "odd",
    [
        torch.empty(3, 3, device="meta"),
        torch.rand(3, 3).to(torch.float8_e4m3fn),
        torch.rand(3, 3).to_sparse(),
        torch.rand(3, 3, dtype=torch.complex64),
        torch.zeros(1).expand(10**6, 10**7),
    ],
)
def test_tensors_of_any_kind_are_found_without_looking_into_them(odd: torch.Tensor) -> None:
    content = {"a": {"x.weight": odd, "x.fake_quant_enabled": odd}, "b": {"y.weight": odd}}
    found = candidates(content)
    assert [one.path for one in found] == ["a", "b"]
    assert not found[0].same_tensors(found[1]) and not found[0].same_layers(found[1])
