"""Masks in a file of their own: Li et al. (2020), and masks by name."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.models.checks import NETWORK, check, prefixed, weights
from tests.models.reference_networks import REFERENCES, State
from tests.refused_files import EXECUTED, RunsCode
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model
from thinice_tui.models.masks.mask_file import read_mask_file, split_mask_file


def li_masks(state: State) -> list[np.ndarray]:
    """One mask for each layer in the network's order, batch norms included, as Li et al. save them."""
    random = np.random.default_rng(4)
    return [
        (random.random(tuple(value.shape)) < 0.4).astype(np.float32)
        for key, value in state.items()
        if key.endswith("weight")
    ]


def li_effective(state: State, masks: list[np.ndarray]) -> State:
    """Weights × masks; a batch norm's bias as its weight, a layer's bias × the mean of its mask over its inputs."""
    effective = dict(state)
    for key, mask in zip([key for key in state if key.endswith("weight")], masks, strict=True):
        effective[key] = state[key] * torch.from_numpy(mask)
        bias = key.removesuffix("weight") + "bias"
        if bias in state:
            part = mask if mask.ndim == 1 else mask.reshape(len(mask), -1).mean(axis=1)
            effective[bias] = state[bias] * torch.from_numpy(part)
    return effective


@pytest.mark.parametrize("name", [NETWORK, "vgg16_li20"])
def test_li20(name: str, tmp_path: Path) -> None:
    """`masks.npy` holds an array of arrays, and the VGG wrapper's dictionary every tensor twice."""
    state = REFERENCES[name].make(10, 3)
    masks = li_masks(state)
    stored = prefixed("model.", state)
    if name == "vgg16_li20":
        stored = state | {
            key.replace("feature.", "model.0.").replace("classifier.", "model.3."): value
            for key, value in state.items()
        }
    torch.save(stored, tmp_path / "weights.pt")
    array = np.empty(len(masks), dtype=object)
    array[:] = masks
    np.save(tmp_path / "masks.npy", array, allow_pickle=True)
    model = load_model(tmp_path / "weights.pt+masks.npy")
    check(model, name, li_effective(state, masks))
    assert model.checkpoint.sha256 != load_model(tmp_path / "weights.pt").checkpoint.sha256
    assert load_model(tmp_path / "weights.pt").sparsity.conv_linear == 0


@pytest.mark.parametrize("form", ["npz", "npy dict"])
def test_masks_by_name(form: str, tmp_path: Path) -> None:
    state = REFERENCES[NETWORK].make(10, 3)
    random = np.random.default_rng(4)
    masks = {key: random.random(tuple(state[key].shape)) < 0.4 for key in weights(state)}
    torch.save(state, tmp_path / "weights.pt")
    if form == "npz":
        np.savez(tmp_path / "m.npz", **masks)  # type: ignore[arg-type]
    else:
        np.save(tmp_path / "m.npy", {key: mask.astype(np.uint8) for key, mask in masks.items()}, allow_pickle=True)  # type: ignore[arg-type]
    effective = {key: value * torch.from_numpy(masks[key]) if key in masks else value for key, value in state.items()}
    check(load_model(tmp_path / f"weights.pt+m.{form[:3]}"), NETWORK, effective)


def test_a_mask_file_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    state = REFERENCES[NETWORK].make(10, 3)
    torch.save(state, tmp_path / "a.pt")
    for masks, message in (
        ({"conv1.weight": np.ones((8, 3, 3))}, "for conv1.weight, which is"),
        ({"conv9.weight": np.ones(3)}, "the mask of conv9.weight fits no weight"),
        ({"conv1.weight": np.full((8, 3, 3, 3), 0.5)}, "not of zeros and ones"),
    ):
        np.savez(tmp_path / "m.npz", **masks)
        with pytest.raises(CheckpointError, match=message):
            load_model(tmp_path / "a.pt+m.npz")
    np.save(tmp_path / "m.npy", np.ones((8, 3, 3, 3)))
    with pytest.raises(CheckpointError, match="1 masks for 21 Conv and Linear weights"):
        load_model(tmp_path / "a.pt+m.npy")
    with pytest.raises(CheckpointError, match="no such file"):
        load_model(tmp_path / "a.pt+absent.npy")


@pytest.mark.parametrize("form", ["npy", "npz"])
def test_a_mask_file_runs_no_code(form: str, tmp_path: Path) -> None:
    torch.save(REFERENCES[NETWORK].make(10, 3), tmp_path / "a.pt")
    array = np.empty(1, dtype=object)
    array[0] = RunsCode()
    if form == "npy":
        np.save(tmp_path / "m.npy", array, allow_pickle=True)
    else:
        np.savez(tmp_path / "m.npz", array)
    with pytest.raises(CheckpointError, match=r"cannot be read safely|is not readable as masks"):
        load_model(tmp_path / f"a.pt+m.{form}")
    assert not EXECUTED.exists()


def test_a_mask_file_that_claims_more_than_it_holds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "m.npy", np.ones((8, 8)))
    content = (tmp_path / "m.npy").read_bytes()
    (tmp_path / "m.npy").write_bytes(content.replace(b"(8, 8)", b"(8,99)"))
    with pytest.raises(CheckpointError, match="claims shape"):
        read_mask_file(tmp_path / "m.npy")
    np.savez_compressed(tmp_path / "m.npz", np.zeros((1000, 1000)))
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=500_000))
    with pytest.raises(CheckpointError, match="takes 8 MB in memory, of which 500 kB are free"):
        read_mask_file(tmp_path / "m.npz")


def test_a_plus_in_the_name_of_a_model_is_no_mask_file(tmp_path: Path) -> None:
    path = tmp_path / "a+m.npy"
    assert split_mask_file(path) == (tmp_path / "a", tmp_path / "m.npy")
    path.touch()
    assert split_mask_file(path) == (path, None)
    assert split_mask_file(tmp_path / "a+b.pt") == (tmp_path / "a+b.pt", None)
