"""Modules with hooks, activations or modes of their own, and callers with a state of their own."""

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import thinice_tui as ti
from tests.linear_models import module
from tests.pretend_gpu import AVAILABLE, PRETEND
from tests.python.modules import EPS, TASK, dense, pruned
from thinice_tui.python.engine_call import undisturbed

pytestmark = pytest.mark.filterwarnings("ignore::thinice_tui.errors.ThiniceWarning")
ATTACK: dict[str, Any] = {"attack": "pgd-2", "eps": EPS}


def test_hooks_of_a_wrapper_are_refused_and_those_inside_are_kept() -> None:
    wrapped = nn.DataParallel(dense())
    wrapped.register_forward_hook(lambda *_: -_[2])
    with pytest.raises(ti.ModelError, match="hooks are registered on DataParallel"):
        ti.attack(wrapped, TASK.images, TASK.labels, **ATTACK)
    inside = dense()
    inside.register_forward_hook(lambda *_: 2 * _[2])
    result = ti.attack(nn.DataParallel(inside), TASK.images, TASK.labels, **ATTACK)
    with torch.no_grad():
        assert np.allclose(result.logits, 2 * dense()(torch.from_numpy(TASK.images)).numpy())


def test_activations_that_hooks_keep_are_no_obstacle() -> None:
    network: Any = dense()
    network.activations, network.listed = {}, []
    network.register_forward_hook(lambda own, _, out: own.activations.update(last=out))
    network.listed.append(network(torch.from_numpy(TASK.images)))
    assert ti.attack(network, TASK.images, TASK.labels, **ATTACK).correct.any()


def test_a_lazy_module_and_one_that_cannot_be_put_into_evaluation_mode_are_refused() -> None:
    class Stubborn(nn.Module):
        def train(self, mode: bool = True) -> "Stubborn":
            raise NotImplementedError("no modes")

    with pytest.raises(ti.ModelError, match="has no shape yet"):
        ti.attack(nn.Sequential(nn.Flatten(), nn.LazyLinear(5)), TASK.images, TASK.labels, **ATTACK)
    with pytest.raises(ti.ModelError, match="cannot be set to evaluation mode"):
        ti.attack(Stubborn(), TASK.images, TASK.labels, **ATTACK)


def test_a_forward_pass_that_casts_is_told_why_it_fails() -> None:
    class Half(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = dense().double()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.inner(x.double())
            return logits

    with pytest.raises(ti.ModelError, match="cannot take images of shape") as caught:
        ti.attack(Half(), TASK.images, TASK.labels, **ATTACK)
    assert "its forward pass must not cast them" in caught.value.do


def test_backward_hooks_print_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 8), nn.ReLU(), nn.Linear(8, 5))
    network[1].register_full_backward_hook(lambda *_: None)
    ti.attack(network, TASK.images, TASK.labels, **ATTACK)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "state",
    [lambda: torch.autocast("cpu", torch.bfloat16), torch.inference_mode, torch.no_grad],
    ids=["autocast", "inference mode", "no grad"],
)
def test_a_callers_state_changes_nothing(state: Callable[[], Any]) -> None:
    expected = ti.attack(dense(), TASK.images, TASK.labels, **ATTACK)
    with state():
        found = ti.attack(dense(), TASK.images, TASK.labels, **ATTACK)
    assert np.array_equal(found.logits, expected.logits) and np.array_equal(found.robust, expected.robust)
    assert np.array_equal(found.adversarial_images, expected.adversarial_images)


@pytest.mark.skipif(not AVAILABLE, reason="this torch lets no Python code be a backend")
def test_a_device_that_knows_no_autocast_is_left_in_peace() -> None:
    with torch.autocast("cpu", torch.bfloat16), undisturbed(PRETEND):
        assert not torch.is_autocast_enabled("cpu")


def test_saturated_cross_entropy_is_told_where_nothing_else_was_followed() -> None:
    def vanished(attack: str) -> tuple[float, int]:
        result = ti.attack(module(TASK.weight * 1e5), TASK.images, TASK.labels, attack=attack, eps="2/255")
        return next((found.value, found.n) for found in result.findings if found.check == "gradients vanish")

    blind, standing = vanished("pgd-2")
    assert blind == standing > 0
    assert vanished("quick")[0] == 0, "its targeted stage follows logits"


def test_a_run_is_pickled() -> None:
    run = ti.compare(dense(), {"p": pruned()}, TASK.images, TASK.labels, **ATTACK)
    again = pickle.loads(pickle.dumps(run))
    assert np.array_equal(again.model("p").standing, run.model("p").standing)
    assert np.array_equal(again.model("p").logits, run.model("p").logits)


def test_of_a_finished_run_names_cannot_change_and_warnings_come_again(tmp_path: Path) -> None:
    run = tmp_path / "a.thinice"

    def call(pruned_ones: dict[str, nn.Module], **options: Any) -> list[str]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ti.compare(dense(), pruned_ones, TASK.images, TASK.labels, attack="pgd-1", eps=0.001, run=run, **options)
        return [str(one.message) for one in caught if one.category is ti.ThiniceWarning]

    first = call({"p": pruned()})
    assert first and call({"p": pruned()}) == first
    for other, options, said in (
        ({"q": pruned()}, {}, r"models was \['dense', 'p'\], now \['dense', 'q'\]"),
        ({"p": pruned()}, {"keep_images": "all"}, "keep_images was flips, now all"),
        ({"p": pruned()}, {"class_names": list("abcde")}, "class_names was"),
    ):
        with pytest.raises(ti.RunFileError, match=said):
            call(other, **options)
