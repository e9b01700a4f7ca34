"""Pruned versions of a model are told from unrelated models by their weights."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.models import masked_networks, renamed_networks
from tests.models.reference_networks import REFERENCES, Maker, State, preact, wide
from tests.places import SAMPLE_MODELS
from thinice_tui.errors import ModelError
from thinice_tui.models.load import LoadedModel, load_model
from thinice_tui.models.weight_similarity import compare_models, warning_if_unrelated

SAMPLE = SAMPLE_MODELS
FACTORIES = renamed_networks.__file__


def loaded(state: State, path: Path) -> LoadedModel:
    torch.save(state, path)
    return load_model(path)


def pruned_by_magnitude(state: State, keep: float, noise: float = 0.0) -> State:
    result, draw = dict(state), Maker(5).draw
    for key, weight in state.items():
        if key.endswith("weight") and weight.ndim > 1:
            count = max(1, round(keep * weight.numel()))
            threshold = weight.abs().flatten().topk(count).values[-1]
            result[key] = (weight + noise * draw(*weight.shape)) * (weight.abs() >= threshold)
    return result


def test_a_pruned_version_is_recognised(tmp_path: Path) -> None:
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    dense = loaded(state, tmp_path / "a.pt")
    similarity = compare_models(dense, loaded(pruned_by_magnitude(state, 0.1), tmp_path / "b.pt"))
    assert similarity.same_architecture and similarity.related and similarity.removed == 0
    assert similarity.layers == similarity.layers_compared == 21
    assert similarity.kept == pytest.approx(0.1, abs=0.01)
    assert similarity.identical == similarity.largest == 1 and similarity.cosine == pytest.approx(1)
    tuned = loaded(pruned_by_magnitude(state, 0.1, noise=0.02), tmp_path / "c.pt")
    similarity = compare_models(dense, tuned)
    assert (
        similarity.related
        and similarity.identical < 0.1
        and similarity.cosine > 0.8
        and warning_if_unrelated(dense, tuned, similarity) == ""
    )


def test_unrelated_weights_give_a_warning(tmp_path: Path) -> None:
    dense = loaded(REFERENCES["cifar_resnet18"].make(10, 3), tmp_path / "a.pt")
    draw = Maker(99).draw
    other_state = {k: draw(*v.shape) if k.endswith("weight") else v for k, v in dense.checkpoint.state.items()}
    other = loaded(pruned_by_magnitude(other_state, 0.1), tmp_path / "b.pt")
    similarity = compare_models(dense, other)
    assert similarity.related is False and abs(similarity.cosine) < 0.05
    assert "are not related to those" in warning_if_unrelated(dense, other, similarity)


def test_another_architecture_and_the_wrong_order_give_warnings(tmp_path: Path) -> None:
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    dense, sparse = loaded(state, tmp_path / "a.pt"), loaded(pruned_by_magnitude(state, 0.1), tmp_path / "b.pt")
    other = loaded(preact("preact_resnet18", (2, 2, 2, 2), deep=False).make(10, 3), tmp_path / "c.pt")
    assert "is a preact_resnet18" in warning_if_unrelated(dense, other, compare_models(dense, other))
    assert "is the dense model the first?" in warning_if_unrelated(sparse, dense, compare_models(sparse, dense))


@pytest.mark.parametrize(
    ("classes", "channels", "message"), [(7, 3, "knows 7 classes"), (10, 1, "takes 1 input channels")]
)
def test_a_model_of_another_task_is_refused(classes: int, channels: int, message: str, tmp_path: Path) -> None:
    dense = loaded(REFERENCES["cifar_resnet18"].make(10, 3), tmp_path / "a.pt")
    other = loaded(REFERENCES["cifar_resnet18"].make(classes, channels), tmp_path / "b.pt")
    with pytest.raises(ModelError, match=message):
        compare_models(dense, other)


def test_removed_channels_are_counted_against_the_dense_model(tmp_path: Path) -> None:
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    cut = dict(state)
    cut["layer4.1.conv1.weight"] = state["layer4.1.conv1.weight"][:16]
    cut["layer4.1.conv2.weight"] = state["layer4.1.conv2.weight"][:, :16]
    for part in ("weight", "bias", "running_mean", "running_var"):
        cut[f"layer4.1.bn1.{part}"] = state[f"layer4.1.bn1.{part}"][:16]
    dense, other = loaded(state, tmp_path / "a.pt"), loaded(cut, tmp_path / "b.pt")
    similarity = compare_models(dense, other)
    assert (
        similarity.removed == pytest.approx(1 - other.sparsity.parameters / dense.sparsity.parameters)
        and similarity.removed > 0.2
    )
    assert (
        similarity.layers_compared == similarity.layers - 2
        and similarity.related
        and warning_if_unrelated(dense, other, similarity) == ""
    )


def test_a_wide_network_of_another_width_is_the_same_architecture(tmp_path: Path) -> None:
    """A narrower one may have lost its channels to pruning; a deeper one is another architecture."""
    networks = [wide(f"wide_resnet_{depth}_{widen}", depth, widen) for depth, widen in ((10, 2), (10, 1), (16, 2))]
    dense, narrow, deep = (loaded(network.make(10, 3), tmp_path / f"{network.name}.pt") for network in networks)
    assert (dense.arch, narrow.arch, deep.arch) == tuple(network.name for network in networks)
    assert compare_models(dense, narrow).same_architecture and not compare_models(dense, deep).same_architecture


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["exported", "other names", "other names, other order"])
def test_files_of_other_names_are_compared_by_shapes(kind: str, tmp_path: Path) -> None:
    """A graph, and a class of other names in a factory, which may define its layers in another order."""
    names = {"first": "1.weight", "second": "3.weight", "last": "5.weight"}
    draw = Maker(3).draw
    state = {"1.weight": draw(40, 192), "3.weight": draw(40, 40), "5.weight": draw(4, 40)}
    torch.save(state, tmp_path / "a.pt")
    dense = load_model(tmp_path / "a.pt", f"{FACTORIES}:plain")
    sparse = pruned_by_magnitude(state, 0.3)
    if kind == "exported":
        network = renamed_networks.plain()
        network.load_state_dict(sparse)
        program = torch.export.export(network.eval(), (torch.rand(2, 3, 8, 8),))
        torch.export.save(program, tmp_path / "b.pt2")
        other = load_model(tmp_path / "b.pt2", trust=True)
    else:
        order = reversed(names) if "order" in kind else names
        torch.save({f"{name}.weight": sparse[names[name]] for name in order}, tmp_path / "b.pt")
        other = load_model(tmp_path / "b.pt", f"{FACTORIES}:{'backwards' if 'order' in kind else 'renamed'}")
    images = torch.rand(2, 3, 8, 8)
    hidden = (images.flatten(1) @ sparse["1.weight"].T).relu()
    expected = (hidden @ sparse["3.weight"].T).relu() @ sparse["5.weight"].T
    assert torch.allclose(other.classifier()(images), expected, atol=1e-3)
    found = compare_models(dense, other)
    kept = sum(int((sparse[name] != 0).sum()) for name in sparse)
    assert found.same_architecture and found.layers_compared == 3 and found.weights_kept == kept
    assert found.identical == found.largest == 1 and found.cosine == pytest.approx(1)
    assert warning_if_unrelated(dense, other, found) == ""


def test_unrelated_weights_of_other_names_are_told(tmp_path: Path) -> None:
    draw = Maker(4).draw
    torch.save({"1.weight": draw(40, 192), "3.weight": draw(40, 40), "5.weight": draw(4, 40)}, tmp_path / "a.pt")
    torch.save(
        {"first.weight": draw(40, 192), "second.weight": draw(40, 40), "last.weight": draw(4, 40)}, tmp_path / "b.pt"
    )
    dense = load_model(tmp_path / "a.pt", f"{FACTORIES}:plain")
    other = load_model(tmp_path / "b.pt", f"{FACTORIES}:renamed")
    assert "are not related to those" in warning_if_unrelated(dense, other, compare_models(dense, other))


def test_weights_are_compared_after_the_masks_of_their_code(tmp_path: Path) -> None:
    """By the formula of the mask; few weights are kept, so that whether they are related cannot be told."""
    first = masked_networks.MaskedConv()
    dense = nn.Conv2d(3, 6, 3)
    dense.load_state_dict({"weight": first.weight, "bias": first.bias})
    for name, layer in (("a", dense), ("b", first)):
        torch.manual_seed(1)
        torch.save(masked_networks.network(layer), tmp_path / f"{name}.pt")
    found = compare_models(*(load_model(tmp_path / f"{name}.pt", trust=True) for name in ("a", "b")))
    assert found.kept == pytest.approx((int((first.effective() != 0).sum()) + 24) / (162 + 24))
    assert found.identical == 1


def test_too_few_weights_leave_it_undecided() -> None:
    dense = load_model(SAMPLE / "dense.pt")
    tiny = replace(dense, network=nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(8, 10)))
    assert compare_models(tiny, tiny).related is None


@pytest.mark.parametrize("name", ["control", "pruned-90", "pruned", "pruned-99"])
def test_the_sample_models_are_related_to_the_dense_one(name: str) -> None:
    dense, other = load_model(SAMPLE / "dense.pt"), load_model(SAMPLE / f"{name}.pt")
    similarity = compare_models(dense, other)
    assert (
        similarity.related
        and similarity.cosine > 0.4
        and similarity.largest > 0.99
        and warning_if_unrelated(dense, other, similarity) == ""
    )
