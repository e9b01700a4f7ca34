"""Files of every format that are cut short, flipped or random end in a message, and nothing of them runs."""

import gzip
import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.models.hub_folders import some_state, write_folder
from tests.refused_files import EXECUTED, RunsCode, legacy
from tests.safetensors_files import safetensors_bytes
from thinice_tui.errors import ThiniceError
from thinice_tui.models.formats.checkpoint import read_checkpoint

STATE = some_state()
ARRAYS = {name: value.numpy() for name, value in STATE.items()}


def written(write: Callable[[io.BytesIO], object]) -> bytes:
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


def old(stream: io.BytesIO) -> None:
    legacy({"net": STATE, "log": {"a": [1.5]}}, stream)  # type: ignore[arg-type]


SPARSE = {"a.weight": STATE["fc.weight"].to_sparse(), "log": [1, 2.5, "text"], "n": np.arange(3.0)}
FORMATS = {
    "torch": written(lambda stream: torch.save({"net": STATE, "n": ARRAYS, "best": np.float64(3)}, stream)),
    "torch, sparse": written(lambda stream: torch.save(SPARSE, stream)),
    "torch legacy": written(old),
    "torch, with code": written(lambda stream: torch.save({"net": STATE, "a": RunsCode()}, stream)),
    "safetensors": safetensors_bytes(STATE, {"stem.bias2": "stem.bias", "normalization": '{"mean": [0.5]}'}),
    "npz": written(lambda stream: np.savez_compressed(stream, **ARRAYS)),  # type: ignore[arg-type]
    "npy": written(lambda stream: np.save(stream, ARRAYS)),  # type: ignore[arg-type]
    **{f"pickle {protocol}": pickle.dumps(ARRAYS, protocol) for protocol in (2, 5)},
    "gzip": gzip.compress(pickle.dumps(ARRAYS, 2)),
}
EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
POSITION = st.floats(0, 1, exclude_max=True)


def check_read(path: Path) -> None:
    """Read `path`: finite tensors, or a message of ours."""
    try:
        found = read_checkpoint(path)
    except ThiniceError as error:
        assert error.what and error.do and "Traceback" not in error.what
    else:
        assert all(isinstance(value, torch.Tensor) for value in found.state.values())
    assert not EXECUTED.exists()


@pytest.mark.parametrize("form", list(FORMATS))
@given(data=st.data())
@EXAMPLES
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_file_is_read_or_refused_with_a_message(form: str, tmp_path: Path, data: st.DataObject) -> None:
    """Cut short, or with up to eight bytes changed: mostly in the first fifth, where names and sizes are."""
    content = bytearray(FORMATS[form])
    if data.draw(st.booleans()):
        content = content[: int(data.draw(POSITION) * len(content))]
    near = st.floats(0, 0.2)
    for place, value in data.draw(st.lists(st.tuples(st.one_of(near, POSITION), st.integers(0, 255)), max_size=8)):
        if content:
            content[int(place * (len(content) - 1))] = value
    path = tmp_path / "model"
    path.write_bytes(content)
    check_read(path)


NPY_HEAD, SAFETENSORS_HEAD = b"\x93NUMPY\x01\x00v\x00", b"\x10" + bytes(7) + b"{"
HEADS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x04\x95", NPY_HEAD, b"\x1f\x8b\x08\x00", SAFETENSORS_HEAD)


@given(head=st.sampled_from(HEADS), content=st.binary(max_size=300))
@settings(EXAMPLES, max_examples=100)
@pytest.mark.filterwarnings("ignore")
def test_random_bytes_are_refused_with_a_message(tmp_path: Path, head: bytes, content: bytes) -> None:
    path = tmp_path / "model"
    path.write_bytes(head + content)
    check_read(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PRETRAINED_KEYS = ("mean", "std", "input_size", "first_conv", "num_classes")
CONFIG_KEYS = ("architecture", "architectures", "auto_map", "model_args", "pretrained_cfg", *PRETRAINED_KEYS)
NESTED = st.dictionaries(st.sampled_from(PRETRAINED_KEYS), JSON)


@given(
    config=st.dictionaries(st.sampled_from(CONFIG_KEYS), JSON | NESTED),
    shards=st.dictionaries(st.sampled_from(list(STATE)), JSON | st.just("model.safetensors"), max_size=4),
)
@settings(EXAMPLES, max_examples=40)
def test_any_json_in_a_folder_is_read_or_refused_with_a_message(
    tmp_path: Path, config: dict[str, object], shards: dict[str, object]
) -> None:
    folder = write_folder(tmp_path / "net", STATE, config)
    check_read(folder)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    check_read(folder / "model.safetensors.index.json")
