"""The choice among networks of the same names and shapes, on the sample models and a family of look-alikes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.commands.calling import call, check_refused, error_text
from tests.places import SAMPLE_MODELS
from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight import architecture
from thinice_tui.engine.preflight.architecture import MAX_PAIRS, ArchitectureChoice, choose_architectures
from thinice_tui.engine.preflight.racing import RaceResult, race_candidates
from thinice_tui.errors import ModelError
from thinice_tui.models.architectures.known import KNOWN
from thinice_tui.models.architectures.preact_resnet8 import PreActResNet8
from thinice_tui.models.load import LoadedModel, load_model

CPU = torch.device("cpu")
USUAL = "preact_resnet8"


def logits(state: dict[str, Tensor], images: Tensor, slope: float = 0.0) -> Tensor:
    """The sample network's formula, with leaky ReLUs of this slope; images are normalised."""

    def norm(x: Tensor, name: str) -> Tensor:
        mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
        return F.leaky_relu(F.batch_norm(x, mean, var, state[f"{name}.weight"], state[f"{name}.bias"]), slope)

    x = F.conv2d(images, state["stem.weight"], stride=2, padding=1)
    for layer, stride in (("layer1", 1), ("layer2", 2), ("layer3", 2)):
        active = norm(x, f"{layer}.bn1")
        shortcut = state.get(f"{layer}.shortcut.weight")
        skip = x if shortcut is None else F.conv2d(active, shortcut, stride=stride)
        out = F.conv2d(active, state[f"{layer}.conv1.weight"], stride=stride, padding=1)
        x = skip + F.conv2d(norm(out, f"{layer}.bn2"), state[f"{layer}.conv2.weight"], padding=1)
    return F.linear(norm(x, "bn").mean(dim=(2, 3)), state["fc.weight"], state["fc.bias"])


def leaky(slope: float) -> type[PreActResNet8]:
    """The sample network with leaky ReLUs, which its state does not show."""

    class Leaky(PreActResNet8):
        def forward(self, x: Tensor) -> Tensor:
            return logits(self.state_dict(), x, slope)

    return Leaky


@pytest.fixture
def look_alikes(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that gives the known architectures look-alikes of the sample network, by name and slope."""

    def add(usual: float = 0.0, **slopes: float) -> None:
        rows, row = getattr(KNOWN, "_rows", KNOWN), KNOWN[USUAL]
        monkeypatch.setitem(rows, USUAL, replace(row, build=leaky(usual)))
        for name, slope in slopes.items():
            known = replace(row, name=f"{USUAL}_{name}", build=leaky(slope), variant_of=USUAL)
            monkeypatch.setitem(rows, known.name, known)

    return add


def write(name: str, **more: object) -> dict[str, Tensor]:
    """Write NAME.pt with a sample model's weights and no word of its architecture; the weights as float32."""
    state: dict[str, Tensor] = torch.load(SAMPLE_MODELS / f"{name}.pt", weights_only=True)["state_dict"]
    torch.save({"state_dict": state, **more}, f"{name}.pt")
    return {key: value.float() for key, value in state.items()}


def write_data(count: int, name: str = "data.npz") -> Samples:
    with np.load(SAMPLE_MODELS / "cifar10-test-1000.npz") as data:
        images, labels = data["images"][:count], data["labels"][:count].astype(np.int64)
    np.savez(name, images=images, labels=labels)
    return Samples(images.transpose(0, 3, 1, 2), labels, np.arange(count), (), "CIFAR-10")


def compare(*more: str) -> dict[str, Any]:
    result = call("compare", "dense.pt", "pruned.pt", "--data", "data.npz", "--samples", "4", "--attack", "pgd-1",
                  "--run", "a.thinice", "--report", "--format", "json", *more)  # fmt: skip
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found | {"notes": error_text(result)}


def choose(models: list[LoadedModel], samples: Samples) -> ArchitectureChoice:
    names = [f"model{number}" for number in range(len(models))]
    return choose_architectures(models, names, StratifiedSample(samples), (), CPU)


def loaded(name: str) -> LoadedModel:
    return load_model(Path(f"{name}.pt"))


def test_the_architecture_is_chosen_by_clean_accuracy_shown_and_recorded(look_alikes: Callable[..., None]) -> None:
    """The usual architecture is wrong for these weights: 7 in 10 right become 3. No option is needed."""
    look_alikes(usual=1.0, plain=0.0)
    state = write("dense")
    write("pruned")
    samples = write_data(64)
    found = compare()
    assert [model["arch"] for model in found["models"]] == [f"{USUAL}_plain"] * 2
    trial = found["run"]["architecture"]["dense"]
    assert trial["chosen"] == f"{USUAL}_plain" and trial["why"] == "every other one is clearly worse"
    assert trial["accuracies"][f"{USUAL}_plain"] > 0.65 > 0.4 > trial["accuracies"][USUAL]
    assert found["run"]["kinship"]["pruned"]["same_architecture"] is True
    note = f"dense: architecture {USUAL}_plain, by clean accuracy on up to 64 images ({USUAL}_plain "
    assert note in found["notes"] and "give --arch to be sure" in found["notes"]
    text = " ".join(call("report", "a.thinice").stdout.split())
    assert f"dense: architecture {USUAL}_plain, by clean accuracy (" in text
    choice = choose([loaded("dense"), loaded("pruned")], samples)
    model = choice.models[0]
    assert model.alternatives == () and model.source == "undecided", "the ordinary race of normalisations follows"
    images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(model.classifier()(images), logits(state, images), atol=1e-4)


def test_what_accuracy_cannot_tell_is_refused_with_the_options_that_decide(look_alikes: Callable[..., None]) -> None:
    look_alikes(leaky=0.03)
    write("dense", normalization="cifar10")
    write("pruned", normalization="cifar10")
    write_data(40)
    arguments = ("compare", "dense.pt", "pruned.pt", "--data", "data.npz", "--samples", "4", "--attack", "pgd-1")
    result = call(*arguments, "--report")
    check_refused(
        result,
        "dense.pt, pruned.pt: the weights fit several architectures, and clean accuracy on 40 images",
        f"name the right one: --arch {USUAL} or --arch {USUAL}_leaky",
    )
    assert "of their predictions differ" in error_text(result) and "accuracy is low" not in error_text(result)
    for name in (USUAL, f"{USUAL}_leaky"):
        result = call(*arguments, "--arch", name, "--dry-run")
        assert result.exit_code == 0 and f"dense.pt: {name}," in " ".join(result.stdout.split()), result.stderr


def test_where_predictions_agree_the_usual_one_is_taken_with_a_note(look_alikes: Callable[..., None]) -> None:
    look_alikes(same=1e-5)
    write("dense", normalization="cifar10")
    write("pruned", normalization="cifar10")
    write_data(40)
    found = compare()
    assert found["models"][0]["arch"] == USUAL
    why = f"cannot be told apart from {USUAL}_same, 0.0 % of whose predictions differ; it is the more usual one"
    assert found["run"]["architecture"]["dense"]["why"] == why and why in found["notes"]


def test_another_file_of_the_run_decides_among_ties(look_alikes: Callable[..., None]) -> None:
    look_alikes(leaky=0.03)
    write("dense", normalization="cifar10", arch=f"{USUAL}_leaky")
    write("pruned", normalization="cifar10")
    write_data(40)
    found = compare()
    assert [model["arch"] for model in found["models"]] == [f"{USUAL}_leaky"] * 2
    assert "it is the one of dense" in found["run"]["architecture"]["pruned"]["why"]
    assert "dense" not in found["run"]["architecture"], "its file names it"
    assert not any("hardly a pruned version" in warning for warning in found["run"]["warnings"])


def test_a_model_that_clearly_needs_another_one_gets_it(look_alikes: Callable[..., None]) -> None:
    """Two plain models and one whose network is the other one."""
    look_alikes(bent=0.5)
    write("dense", normalization="cifar10")
    write("pruned", normalization="cifar10")
    samples = write_data(300)
    dense, pruned = loaded("dense"), loaded("pruned")
    (bent,) = pruned.alternatives
    swapped = replace(pruned, network=bent.network, alternatives=(replace(bent, network=pruned.network),))
    choice = choose([dense, pruned, swapped], samples)
    assert [model.arch for model in choice.models] == [USUAL, USUAL, f"{USUAL}_bent"]
    assert choice.models[2].network is pruned.network
    last = choice.trials[2]
    assert (
        last is not None and last.why == f"clearly more accurate for this model than {USUAL}, the choice for the others"
    )


def test_at_most_twelve_pairs_are_raced(look_alikes: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """All 35 run in heats of twelve, whose best meet in the last race; a known normalisation is the only one."""
    look_alikes(a=0.1, b=0.2, c=0.3, d=0.4)
    raced: list[list[str]] = []
    race = race_candidates

    def watched(pairs: dict[str, list[LoadedModel]], *arguments: Any, **options: Any) -> RaceResult | None:
        raced.append(list(pairs))
        return race(pairs, *arguments, **options)

    monkeypatch.setattr(architecture, "race_candidates", watched)
    write("dense")
    samples = write_data(8)
    probe = StratifiedSample(samples)
    choose_architectures([loaded("dense")], ["dense"], probe, ("cifar10", "cifar10-2023"), CPU, refuse=False)
    *heats, last = raced
    assert all(len(pairs) <= MAX_PAIRS for pairs in raced) and len({pair for heat in heats for pair in heat}) == 35
    assert heats[0][:2] == [f"{USUAL} cifar10", f"{USUAL}_a cifar10"]
    assert all(len(set(last) & set(heat)) == MAX_PAIRS // len(heats) for heat in heats)
    write("dense", normalization="svhn")
    raced.clear()
    choose_architectures([loaded("dense")], ["dense"], probe, ("cifar10",), CPU, refuse=False)
    assert raced[0] == [f"{name} " for name in loaded("dense").possible_architectures]


def test_nothing_is_read_or_computed_where_there_are_no_alternatives(monkeypatch: pytest.MonkeyPatch) -> None:
    write("dense")
    probe = StratifiedSample(write_data(8))
    monkeypatch.setattr(probe, "first", None)
    model = loaded("dense")
    choice = choose_architectures([model, model], ["a", "b"], probe, (), CPU)
    assert choice == ArchitectureChoice((model, model), (None, None))


def test_a_model_that_takes_no_such_images_is_left_to_the_checks(look_alikes: Callable[..., None]) -> None:
    look_alikes(leaky=0.03)
    write("dense")
    colour = write_data(20)
    model = loaded("dense")
    choice = choose([model], replace(colour, images=np.asarray(colour.images[:])[:, :1]))
    assert choice.models[0] is model and choice.trials == (None,)


def test_too_few_images_to_tell_are_refused_as_well(look_alikes: Callable[..., None]) -> None:
    look_alikes(bent=0.5)
    write("dense", normalization="cifar10")
    samples = write_data(3)
    with pytest.raises(ModelError, match="on 3 images spread over the data does not tell"):
        choose([loaded("dense")], samples)


def test_where_every_architecture_is_wrong_the_data_are_asked_for(look_alikes: Callable[..., None]) -> None:
    look_alikes(leaky=0.1)
    write("dense", normalization="cifar10")
    samples = write_data(40)
    with pytest.raises(ModelError, match="does not tell") as caught:
        choose([loaded("dense")], replace(samples, labels=(samples.labels + 5) % 10))
    assert caught.value.do.endswith("accuracy is low with each: are --data and --normalize right?")


def test_inspect_lists_the_architectures_that_the_weights_fit(look_alikes: Callable[..., None]) -> None:
    look_alikes(leaky=0.03)
    write("dense")
    (found,) = json.loads(call("inspect", "dense.pt", "--format", "json").stdout)
    assert found["possible architectures"] == [USUAL, f"{USUAL}_leaky"]
    text = " ".join(call("inspect", "dense.pt").stdout.split())
    assert "compare decides by clean accuracy" in text
    named = json.loads(call("inspect", "dense.pt", "--arch", f"{USUAL}_leaky", "--format", "json").stdout)
    assert "possible architectures" not in named[0] and named[0]["arch"] == f"{USUAL}_leaky"
