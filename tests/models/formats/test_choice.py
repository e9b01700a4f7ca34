"""Of several sets of weights, the names choose where they say which are meant; else the user does."""

from itertools import permutations
from pathlib import Path

import pytest
import torch

from tests.models.checks import NETWORK, check, prefixed
from tests.models.reference_networks import REFERENCES, Maker, State
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model


def other(seed: int) -> State:
    """The network's names and shapes, with other values."""
    random = torch.Generator().manual_seed(seed)
    small = REFERENCES[NETWORK].make(10, 3)
    return {key: value + 0.01 * torch.rand(value.shape, generator=random) for key, value in small.items()}


A, B, C = other(1), other(2), other(3)


def metrics() -> State:
    maker = Maker(5)
    maker.linear("center_loss", 7, 9)
    return maker.state


@pytest.mark.parametrize(
    ("content", "used", "unused"),
    [
        ({"model_ema": B, "model": A}, "model", ("model_ema",)),
        ({"ema": B, "state_dict": A}, "state_dict", ("ema",)),
        ({"teacher": B, "student": A}, "student", ("teacher",)),
        ({"teacher_state_dict": B, "student_state_dict": A}, "student_state_dict", ("teacher_state_dict",)),
        ({"best_ema": B, "best": A}, "best", ("best_ema",)),
        ({"init_weight": B, "state_dict": A}, "state_dict", ("init_weight",)),
        ({"callbacks": {"EMA": {"ema_weights": B}}, "state_dict": A}, "state_dict", ("callbacks.EMA.ema_weights",)),
        (
            {"unaveraged_model_state_dict": B, "model_state_dict": A},
            "model_state_dict",
            ("unaveraged_model_state_dict",),
        ),
        ({"head": metrics(), "net": A}, "net", ("head",)),
        ({"table": {"confusion": torch.rand(10, 10)}, "mine": A}, "mine", ("table",)),
        ({"runs": [{"model": A, "ema": B}]}, "runs[0].model", ("runs[0].ema",)),
    ],
)
def test_names_choose_and_the_note_lists_all(
    content: dict[str, object], used: str, unused: tuple[str, ...], tmp_path: Path
) -> None:
    for number, order in enumerate(permutations(content)):
        torch.save({key: content[key] for key in order}, tmp_path / f"{number}.pt")
        model = load_model(tmp_path / f"{number}.pt")
        check(model, NETWORK, A)
        assert model.checkpoint.container == used and model.checkpoint.others == unused
        (note,) = (note for note in model.notes if "several sets of weights" in note)
        assert f"{used} is used (--key NAME chooses another)" in note and all(f"{one} (" in note for one in unused)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"net": B, "net_pruned": A}, "net_pruned"),
        ({"model": B, "best": {"epoch": 3, "weights": A}}, "best"),
        ({"model": B, "pruned_vgg": A}, "pruned_vgg"),
        ({"a": B, "b": A}, "b"),
        ({"runs": [{"weights": B}, {"weights": A}]}, "runs[1].weights"),
        ({"runs": [{"weights": B}, {"weights": A}]}, "runs[1]"),
        ({"x": {"first": B, "second": A}}, "second"),
        ({"x": {"first": B, "second": {"mine": A}}}, "second.mine"),
        ({"dense": prefixed("module.", B), "sparse": prefixed("model.", A)}, "sparse"),
        ({"model": B, "x": [A]}, "x[0]"),
        ({**B, "extra": A}, "extra"),
        ({**A, "extra": B}, "."),
    ],
)
def test_what_no_name_ranks_is_refused_and_the_key_chooses(
    content: dict[str, object], key: str, tmp_path: Path
) -> None:
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="several sets of weights, and nothing says which are meant") as caught:
        load_model(tmp_path / "a.pt")
    assert "--key" in caught.value.do and caught.value.exit_code == 1
    model = load_model(tmp_path / "a.pt", key=key)
    check(model, NETWORK, A)
    assert f".{model.checkpoint.container}".startswith(f".{key.removesuffix('.')}") or key in ("second", "second.mine")


def test_a_key_overrules_the_order(tmp_path: Path) -> None:
    torch.save({"model": A, "model_ema": B}, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt", key="model_ema")
    check(model, NETWORK, B)
    assert model.checkpoint.container == "model_ema"
    assert any("model_ema is used (as --key says)" in note for note in model.notes)


def test_an_unknown_key_is_refused_with_what_there_is(tmp_path: Path) -> None:
    torch.save({"model": A, "x": [{"best": B}, {"best": C}]}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError) as caught:
        load_model(tmp_path / "a.pt", key="modle")
    assert f"no weights under the key 'modle'; it holds model ({len(A)} tensors), x[0].best" in caught.value.what
    with pytest.raises(CheckpointError, match="2 sets of weights have the key best") as caught:
        load_model(tmp_path / "a.pt", key="best")
    assert "all the keys" in caught.value.do
    torch.save(A, tmp_path / "bare.pt")
    with pytest.raises(CheckpointError, match=r"no weights under the key 'model'; it holds \. \("):
        load_model(tmp_path / "bare.pt", key="model")


def test_the_same_weights_twice_are_one_set(tmp_path: Path) -> None:
    torch.save({"last": A, "best": A, "copy": {key: value.clone() for key, value in A.items()}}, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt")
    check(model, NETWORK, A)
    check(load_model(tmp_path / "a.pt", key="best"), NETWORK, A)


def test_half_a_state_dict_says_that_there_is_more(tmp_path: Path) -> None:
    """The last layer lies beside the dictionary with the others."""
    backbone = {key: value for key, value in A.items() if not key.startswith("linear")}
    head = {key: value for key, value in A.items() if key.startswith("linear")}
    torch.save({"state_dict": backbone, **head}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"missing linear\.weight, linear\.bias") as caught:
        load_model(tmp_path / "a.pt")
    assert "other weights of the file with --key, which it holds under ." in caught.value.do
    torch.save({"backbone": backbone, **head}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"\. \(2 tensors\), backbone \("):
        load_model(tmp_path / "a.pt")


def test_a_tensor_that_claims_more_than_the_file_holds_is_not_compared(tmp_path: Path) -> None:
    huge = {"conv1.weight": torch.zeros(1, 1).expand(10**7, 10**6)}
    torch.save({"a": huge, "b": {"conv1.weight": torch.zeros(1, 1).expand(10**7, 10**6)}}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="several sets of weights"):
        load_model(tmp_path / "a.pt")
