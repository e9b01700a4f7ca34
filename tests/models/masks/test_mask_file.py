"""Masks in a file of their own: Li et al. (2020), and masks by name."""

import io
import re
import zipfile
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.models.checks import NETWORK, check, prefixed, weights
from tests.models.reference_networks import REFERENCES, State
from tests.refused_files import EXECUTED, RunsCode
from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.checkpoint import model_sha256
from thinice_tui.models.load import load_model
from thinice_tui.models.masks.fold import fold_masks
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
    alone = load_model(tmp_path / "weights.pt").checkpoint.sha256
    assert model.checkpoint.sha256 == model_sha256(model.path) != alone == model_sha256(tmp_path / "weights.pt")
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


def npy(header: str) -> bytes:
    """An .npy with this header and no numbers."""
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()


DAMAGED_HEADERS = {
    "IndexError": "{'descr': ('<f8',), 'fortran_order': False, 'shape': (3,), }",
    "OverflowError": "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999999,), }",
    "RecursionError": "-" * 9000 + "1",
    "MemoryError": "(" * 9000 + ")" * 900,
    "negative": "{'descr': '<f8', 'fortran_order': False, 'shape': (-3,), }",
    "too many dimensions": "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "1," * 100 + "), }",
    "empty": "",
}


@pytest.mark.parametrize("form", ["npy", "npz"])
@pytest.mark.parametrize("kind", list(DAMAGED_HEADERS))
def test_a_damaged_header_gives_a_message(kind: str, form: str, tmp_path: Path) -> None:
    """NumPy reads a header as Python text, which raises what the text makes it raise."""
    path = tmp_path / f"m.{form}"
    content = npy(DAMAGED_HEADERS[kind])
    if form == "npy":
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("conv1.weight.npy", content)
    with pytest.raises(CheckpointError, match=re.escape(str(path))) as caught:
        read_mask_file(path)
    assert caught.value.do


@given(
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=5),
    cut=st.integers(0, 200),
    seed=st.integers(0, 3),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mask_file_with_any_bytes_changed_gives_masks_or_a_message(
    changes: list[tuple[int, int]], cut: int, seed: int, tmp_path: Path
) -> None:
    masks = np.empty(2, dtype=object)
    masks[:] = [np.ones((2, 3)), np.ones(4, dtype=np.uint8)]
    written = io.BytesIO()
    if seed == 0:
        np.save(written, masks, allow_pickle=True)
    elif seed == 1:
        np.save(written, {"a.weight": np.ones((2, 3))}, allow_pickle=True)  # type: ignore[arg-type]
    else:
        arrays = {"a.weight": np.ones((2, 3)), "b.weight": np.ones(4)}
        (np.savez if seed == 2 else np.savez_compressed)(written, **arrays)  # type: ignore[arg-type]
    content = bytearray(written.getvalue())
    for place, value in changes:
        content[place % len(content)] = value
    path = tmp_path / ("m.npz" if seed > 1 else "m.npy")
    path.write_bytes(bytes(content[: len(content) - cut] if cut % 2 else content))
    state = {"a.weight": torch.ones(2, 3), "a.bias": torch.ones(2), "b.weight": torch.ones(4)}
    with suppress(CheckpointError):
        assert fold_masks(state, {}, None, read_mask_file(path), "a.pt").state.keys() == state.keys()


def test_masks_in_a_torch_file_of_their_own_are_refused(tmp_path: Path) -> None:
    """As NNI exports them beside the model: MODEL+MASKS takes NumPy's files only."""
    torch.save({"a.weight": torch.ones(2, 3)}, tmp_path / "model.pth")
    torch.save({"a": {"weight": torch.ones(2, 3), "bias": None}}, tmp_path / "mask.pth")
    with pytest.raises(CheckpointError, match=r"masks are read from .npy and .npz, and mask.pth is neither") as caught:
        load_model(tmp_path / "model.pth+mask.pth")
    assert "NNI" in caught.value.do and "numpy.savez" in caught.value.do
