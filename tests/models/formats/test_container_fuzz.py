"""Weights anywhere in a file, under any names, in any precision: right logits or a message, and nothing else."""

import argparse
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.models.checks import NETWORK
from tests.models.networks_of_users import FILE, small_logits, small_state
from tests.models.reference_networks import REFERENCES, State
from thinice_tui.errors import ThiniceError
from thinice_tui.models.load import LoadedModel, load_model

ARCH = f"{FILE}:small"
IMAGES = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(2))
SETTINGS = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
PREFIXES = ("", "module.", "model.", "net.", "module._orig_mod.", "backbone.", "module.student.", "a.b.c.", "model.1.")
KEYS = (
    "state_dict", "model", "net", "net_pruned", "model_ema", "student", "teacher", "best", "weights", "x", "0", "a.b",
    "", "latest model", "init_weight", "swa_model",
)  # fmt: skip
NEVER = ("optimizer", "optimizer_state_dict", "opt", "lr_scheduler")
LEFT = {
    "n_averaged": torch.tensor(3),
    "total_ops": torch.tensor([9.0]),
    "0.total_params": torch.tensor([9.0]),
    "1.activation_post_process.min_val": torch.tensor(-1.0),
    "temperature": torch.ones(1),
    "criterion.weight": torch.rand(5, 5),
}
BESIDE: dict[str, object] = {
    "epoch": 3,
    "best_acc": torch.tensor(93.0),
    "args": argparse.Namespace(lr=0.1, layers=[1, 2]),
    "history": [{"loss": torch.tensor(0.5), "acc": 0.1}] * 3,
    "rng": torch.zeros(9, dtype=torch.uint8),
    "sgd": {"state": {0: {"momentum_buffer": torch.rand(4, 3, 3, 3)}}, "param_groups": [{"lr": 0.1}]},
    "metrics": {"confusion": torch.rand(5, 5), "loss": torch.tensor(1.0)},
    "note": None,
    "empty": {},
    "scheduler": {"base_lrs": [0.1], "last_epoch": 3},
}
MASKS = {"mask": {key: torch.ones_like(value) for key, value in small_state().items() if value.ndim > 1}}
"""Masks of the user's network: beside other weights, such masks would be refused."""


@dataclass(frozen=True)
class Stored:
    """A set of weights in a file: what a reader must find."""

    logits: Tensor
    path: str = ""
    loads: bool = True
    """Whether its names fit the network."""
    hidden: bool = False
    """Whether it lies where no weights are looked for."""


@dataclass(frozen=True)
class File:
    content: object
    sets: tuple[Stored, ...]


def renamed(state: State, prefix: str, inner: str) -> State:
    return {prefix + (f"{key[0]}.{inner}{key[2:]}" if key[0] in "01" else key): value for key, value in state.items()}


def stored(draw: st.DrawFn, state: State, logits: Callable[[State, Tensor], Tensor], images: Tensor) -> File:
    """A state dict in some precision, with prefixes and entries that may or may not be left out."""
    dtype = draw(st.sampled_from((torch.float32, torch.float16, torch.bfloat16, torch.float64)))
    cast = {key: value.to(dtype) if value.is_floating_point() else value for key, value in state.items()}
    effective = {key: value.float() if value.is_floating_point() else value for key, value in cast.items()}
    content = renamed(cast, draw(st.sampled_from(PREFIXES)), draw(st.sampled_from(("", "", "module.", "_orig_mod."))))
    loads = True
    for name in draw(st.sets(st.sampled_from(list(LEFT)), max_size=3)):
        content[name] = LEFT[name]
    if draw(st.integers(0, 4)) == 0:
        content["normalize.mean"], content["normalize.std"] = torch.full((3,), 0.4), torch.full((3,), 0.2)
        images = (images - 0.4) / 0.2
    if draw(st.integers(0, 5)) == 0:
        content["head.weight"] = torch.rand(3, 3)
        loads = False
    if draw(st.integers(0, 7)) == 0:
        del content[draw(st.sampled_from([key for key in content if key.endswith("bias")]))]
        loads = False
    if draw(st.booleans()):
        content = OrderedDict(content)
    return File(content, (Stored(logits(effective, images), loads=loads),))


def below(key: str | int, sets: tuple[Stored, ...], hidden: bool) -> tuple[Stored, ...]:
    """The sets under one more key."""
    step = f"[{key}]" if isinstance(key, int) else str(key) or "''"
    joined = [step + ("" if one.path.startswith("[") or not one.path else ".") + one.path for one in sets]
    return tuple(replace(one, path=path, hidden=one.hidden or hidden) for one, path in zip(sets, joined, strict=True))


@st.composite
def files(
    draw: st.DrawFn,
    make: Callable[[int], State],
    logits: Callable[[State, Tensor], Tensor],
    images: Tensor,
    others: Mapping[str, object],
) -> File:
    """One to three sets of weights, in dictionaries, lists and tuples with other things."""
    file = stored(draw, make(0), logits, images)
    for level in range(draw(st.integers(0, 4))):
        another = stored(draw, make(level + 1), logits, images) if draw(st.integers(0, 3)) == 0 else None
        inside = [file, another] if another else [file]
        inside = draw(st.permutations(inside))
        if draw(st.integers(0, 2)) == 0:
            items: list[object] = [*draw(st.lists(st.sampled_from((3, "x", None, 0.5)), max_size=2))]
            start = len(items)
            items += [one.content for one in inside]
            sets = sum((below(start + at, one.sets, False) for at, one in enumerate(inside)), ())
            file = File(tuple(items) if draw(st.booleans()) else items, sets)
            continue
        keys = draw(st.lists(st.sampled_from(KEYS + NEVER), min_size=len(inside), max_size=len(inside), unique=True))
        beside = {
            key: others[key] for key in draw(st.sets(st.sampled_from(list(others)), max_size=3)) if key not in keys
        }
        pairs = [*zip(keys, (one.content for one in inside), strict=True), *beside.items()]
        sets = sum((below(key, one.sets, key in NEVER) for key, one in zip(keys, inside, strict=True)), ())
        file = File(dict(draw(st.permutations(pairs))), sets)
    return file


def loaded(file: File, key: str, arch: str, path: Path) -> LoadedModel | ThiniceError:
    torch.save(file.content, path)
    try:
        return load_model(path, arch, key=key)
    except ThiniceError as error:
        return error


def check_outcome(file: File, key: str, outcome: LoadedModel | ThiniceError, images: Tensor) -> None:
    """Right logits of the weights that the container names; or a message, where there is a reason for one."""
    open_sets = [one for one in file.sets if not one.hidden]
    said = outcome if isinstance(outcome, ThiniceError) else (outcome.checkpoint.container, *outcome.notes)
    note(f"{[(one.path, one.loads) for one in open_sets]}, key {key!r}: {said!r}")
    if isinstance(outcome, ThiniceError):
        assert outcome.what and outcome.do and outcome.exit_code == 1
        meant = [one for one in open_sets if (one.path or ".") == key] if key else open_sets
        assert not (len(meant) == 1 and meant[0].loads), "the only weights were refused"
        return
    (used,) = (one for one in open_sets if one.path == outcome.checkpoint.container)
    assert used.loads
    if key:
        assert key in f"{used.path or '.'}"
    with torch.no_grad():
        found = outcome.classifier()(images)
    assert torch.allclose(found, used.logits, atol=1e-4, rtol=1e-4)
    if len(open_sets) > 1:
        assert any(f"{used.path or '.'} is used" in one for one in outcome.notes)


@pytest.mark.parametrize("keyed", [False, True])
@given(data=st.data())
@SETTINGS
def test_a_users_network_anywhere_in_a_file(keyed: bool, data: st.DataObject, tmp_path: Path) -> None:
    file = data.draw(files(small_state, small_logits, IMAGES, BESIDE | MASKS))
    paths = [one.path or "." for one in file.sets]
    key = ""
    if keyed:
        path = data.draw(st.sampled_from(paths))
        key = data.draw(
            st.sampled_from((path, path, path.rpartition(".")[2] or ".", path.partition(".")[0] or ".", "no"))
        )
    check_outcome(file, key, loaded(file, key, ARCH, tmp_path / "a.pt"), IMAGES)


@given(data=st.data())
@settings(SETTINGS, max_examples=12)
def test_a_known_network_anywhere_in_a_file(data: st.DataObject, tmp_path: Path) -> None:
    reference, images = REFERENCES[NETWORK], torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(2))

    def make(seed: int) -> State:
        return {key: value * (1 + seed / 8) for key, value in reference.make(10, 3).items()}

    file = data.draw(files(make, reference.logits, images, BESIDE))
    check_outcome(file, "", loaded(file, "", "auto", tmp_path / "a.pt"), images)
