"""`thinice_tui.attack`: the command's verdicts for a module in memory, which stays as it is."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

import thinice_tui as ti
from tests.commands.calling import call
from tests.linear_models import ARCH, Files
from tests.python.modules import EPS, TASK, Randomized, Uncopyable, WithoutGradient, dense

ATTACK = {"attack": "pgd-3", "eps": EPS}


def test_verdicts_and_images_are_those_of_the_command(files: Files) -> None:
    words = ["compare", files.dense, "--data", files.data, "--arch", ARCH, "--attack", "quick", "--eps", EPS]
    done = call(*words, "--seed", "3", "--keep-images", "all", "--run", "a.thinice", "--report")
    assert done.exit_code == 0, done.stderr
    run = ti.load_run("a.thinice")
    theirs, kept = run.model("dense"), run.adversarial("dense")
    ours = ti.attack(dense(), run.images, run.labels, eps=4 / 255, seed=3)
    assert 5 < len(kept.images) < 48
    assert np.array_equal(ours.robust, theirs.standing) and np.array_equal(ours.correct, theirs.correct)
    assert ours.broken_by.tolist() == theirs.broken_by.tolist()
    assert np.array_equal(ours.adversarial_images[ours.correct & ~ours.robust], kept.images)
    assert np.array_equal(ours.logits, theirs.logits)
    assert np.array_equal(ours.adversarial_logits, theirs.adversarial_logits, equal_nan=True)
    assert [(stage.name, stage.entered, stage.broken) for stage in ours.stages] == [
        (stage.name, stage.entered, stage.broken) for stage in theirs.stages
    ]
    assert ours.settings.eps == run.settings.eps and ours.robust_accuracy == theirs.robust_accuracy


CHOICES = (
    (("--stages", "apgd-ce:steps=4,square:queries=20"), {"stages": "APGD-CE:steps=4, square:queries=20"}),
    (("--attack", "fast", "--audit", "3"), {"attack": "fast", "audit": 3}),
    (("--attack", "fast", "--audit", "all", "--no-escalate"), {"attack": "fast", "audit": "all", "escalate": False}),
)
"""The command's words for what to attack with, and Python's."""


@pytest.mark.parametrize(("words", "options"), CHOICES, ids=lambda choice: str(choice))
def test_stages_and_audits_are_those_of_the_command(
    words: tuple[str, ...], options: dict[str, Any], files: Files
) -> None:
    case = ["--data", files.data, "--arch", ARCH, "--eps", EPS, "--samples", 12]
    done = call("compare", files.dense, *case, *words, "--run", "a.thinice", "--report")
    assert done.exit_code == 0, done.stderr
    run = ti.load_run("a.thinice")
    theirs = run.model("dense")
    ours = ti.attack(dense(), run.images, run.labels, eps=4 / 255, **options)
    assert ours.broken_by.tolist() == theirs.broken_by.tolist()
    assert [stage.name for stage in ours.stages] == [stage.name for stage in theirs.stages]
    assert ours.audit == theirs.audit and (ours.audit is None) == ("stages" in options)
    assert (ours.settings.audit, ours.settings.escalate) == (run.settings.audit, run.settings.escalate)
    assert ours.settings.stages == run.settings.stages
    assert ("not standard" in repr(ours)) == ("not standard" in repr(run)) == ("stages" in options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"attack": "quick", "stages": "square"}, "stages takes the place of attack, expected one of the two"),
        ({"stages": "squar"}, "stages: there is no attack 'squar', expected pgd,"),
        ({"audit": 3}, "audit and escalate have no effect on quick"),
        ({"attack": "standard", "escalate": False}, "audit and escalate have no effect on standard"),
        ({"stages": "square", "audit": "all"}, "audit and escalate have no effect on stages"),
        ({"attack": "fast", "audit": -1}, "audit is '-1', expected all or a number of samples"),
    ],
)
def test_choices_that_exclude_each_other_are_refused_in_the_words_of_python(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ti.UsageError) as caught:
        ti.attack(dense(), TASK.images, TASK.labels, **options)
    assert said in caught.value.what and "--" not in f"{caught.value.what} {caught.value.do}"


def test_a_linear_model_is_broken_where_its_boundary_is_within_eps() -> None:
    result = ti.attack(dense(), TASK.images, TASK.labels, attack="quick", eps=4 / 255)
    distances = TASK.distances("Linf")
    clear = np.abs(distances - 4 / 255) > 1e-4
    assert np.array_equal(result.robust[clear], distances[clear] > 4 / 255)
    moved = np.abs(result.adversarial_images - TASK.images).max(axis=(1, 2, 3))
    broken = result.correct & ~result.robust
    assert (moved[~broken] == 0).all() and (moved[broken] > 0).all() and moved.max() <= 4 / 255 + 1e-7
    assert (result.adversarial_margins[broken] < 0).all()
    assert np.isnan(result.adversarial_margins[~result.correct]).all()
    assert str(result.robust.sum() / 48 * 100)[:4] in repr(result) and "pgd" not in repr(result)


def test_tensors_arrays_and_bytes_give_the_same() -> None:
    as_bytes = np.round(TASK.images * 255).astype(np.uint8)
    results = [
        ti.attack(dense(), images, labels, **ATTACK)  # type: ignore[arg-type]
        for images, labels in (
            (TASK.images, TASK.labels),
            (torch.from_numpy(TASK.images), torch.from_numpy(TASK.labels)),
            (as_bytes, TASK.labels.tolist()),
        )
    ]
    for other in results[1:]:
        assert np.array_equal(results[0].adversarial_images, other.adversarial_images)


def module_with_everything() -> nn.Module:
    """Training mode, one frozen parameter, a gradient, statistics, and a mask of torch.nn.utils.prune."""
    network = nn.Sequential(nn.BatchNorm2d(3), *dense().children())
    layer = network.get_submodule("2")
    assert isinstance(layer, nn.Linear)
    torch.manual_seed(5)  # with weights at random, a normalisation may seem to fit better
    prune.random_unstructured(layer, "weight", 0.1)  # type: ignore[no-untyped-call]
    layer.bias.requires_grad_(False)
    network.get_parameter("0.weight").grad = torch.ones(3)
    network.train()
    network.get_submodule("0").eval()
    return network


def state_of(network: nn.Module) -> list[object]:
    tensors = [*network.named_parameters(), *network.named_buffers()]
    return [
        *[(name, value.tolist(), value.requires_grad, value.device, value is not None) for name, value in tensors],
        *[(name, part.training, len(part._forward_pre_hooks)) for name, part in network.named_modules()],
        *[None if value.grad is None else value.grad.tolist() for value in network.parameters()],
        [id(value) for _, value in tensors],
    ]


@pytest.mark.parametrize("ends", ["done", "error", "interrupt"])
def test_the_module_and_random_numbers_stay_as_they_are(ends: str) -> None:
    network = module_with_everything()
    before, seen = state_of(network), []
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    expected = torch.rand(1), np.random.rand(), random.random()
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)

    def watch(beat: ti.Heartbeat) -> None:
        seen.append(beat)
        if ends == "error":
            raise ZeroDivisionError("of the caller")
        if ends == "interrupt":
            raise KeyboardInterrupt

    try:
        ti.attack(network, TASK.images, TASK.labels, progress=watch, **ATTACK)  # type: ignore[arg-type]
        assert ends == "done"
    except (ZeroDivisionError, KeyboardInterrupt) as error:
        assert ends == ("error" if isinstance(error, ZeroDivisionError) else "interrupt")
    assert seen and seen[0].stage == "PGD-3" and seen[0].model == "dense"
    assert state_of(network) == before
    assert (torch.rand(1), np.random.rand(), random.random()) == expected


def test_nothing_is_printed_and_nothing_stays_on_the_disk(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ti.attack(dense(), TASK.images, TASK.labels, **ATTACK)  # type: ignore[arg-type]
    assert capfd.readouterr() == ("", "") and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "error", "what"),
    [
        ({"model": nn.Sequential(dense(), nn.Softmax(1))}, ti.ModelError, "returns probabilities"),
        ({"model": WithoutGradient()}, ti.ModelError, "has no gradient"),
        ({"model": Randomized()}, ti.ModelError, "is randomised"),
        ({"model": Uncopyable()}, ti.ModelError, "cannot be copied"),
        ({"model": nn.Conv2d(1, 5, 8)}, ti.ModelError, "cannot take images of shape"),
        ({"model": dense}, ti.ModelError, "is a function, expected a torch.nn.Module"),
        ({"images": TASK.images * 3 - 1}, ti.DataError, "expected [0, 1]"),
        ({"images": TASK.images[0]}, ti.DataError, "have shape (3, 8, 8)"),
        ({"images": TASK.images * np.nan}, ti.DataError, "NaN or infinite"),
        ({"images": [[1], [1, 2]]}, ti.DataError, "are no array"),
        ({"images": TASK.images[:0], "labels": []}, ti.DataError, "there are none"),
        ({"labels": TASK.labels + 3}, ti.DataError, "has the label 7"),
        ({"labels": TASK.labels[:3]}, ti.DataError, "labels have shape (3,)"),
        ({"labels": ["cat"] * 48}, ti.DataError, "expected class numbers"),
        ({"attack": "strong"}, ti.UsageError, "attack is 'strong'"),
        ({"norm": "L7"}, ti.UsageError, "norm is 'L7'"),
        ({"eps": 8}, ti.UsageError, "eps 8 allows every image"),
        ({"eps": -1}, ti.UsageError, "expected a positive number"),
        ({"seed": -1}, ti.UsageError, "seed is -1"),
        ({"device": "gpu"}, ti.UsageError, "device gpu: is no device of torch"),
        ({"indices": [0] * 48}, ti.DataError, "twice"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else getattr(value, "__name__", value),
)
def test_what_cannot_be_attacked_is_refused_in_the_words_of_python(
    changes: dict[str, object], error: type[ti.ThiniceError], what: str
) -> None:
    arguments = {"model": dense(), "images": TASK.images, "labels": TASK.labels, **ATTACK, **changes}
    with pytest.raises(error) as raised:
        ti.attack(**arguments)  # type: ignore[arg-type]
    said = f"{raised.value.what}, {raised.value.do}"
    assert what in said and "--" not in said and str(raised.value) == raised.value.what


def test_a_randomised_model_is_attacked_where_that_is_asked_for() -> None:
    with pytest.warns(ti.ThiniceWarning) as caught:
        result = ti.attack(Randomized(), TASK.images, TASK.labels, randomized=True, **ATTACK)  # type: ignore[arg-type]
    assert any("is randomised" in warning for warning in result.warnings)
    assert {Path(warning.filename).name for warning in caught} == {Path(__file__).name}
