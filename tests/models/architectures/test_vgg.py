"""The published layouts of VGG networks are recognised and compute the formulas of their code."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.commands.calling import call, check_refused
from tests.models.checks import check, check_same, check_variant, logits_of, prefixed, save, top, weights, zeroed
from tests.models.reference_networks import REFERENCES, VARIANTS, Maker
from tests.models.references.vgg import CONFIGS, vgg
from thinice_tui.errors import CheckpointError
from thinice_tui.models.architectures.vgg import STAGES, positions
from thinice_tui.models.load import load_model


@pytest.mark.parametrize("name", [name for name in REFERENCES if "vgg" in name])
def test_a_network_is_recognised_in_any_width_and_computes_the_published_formula(name: str, tmp_path: Path) -> None:
    state = REFERENCES[name].make(10, 3)
    check_same(save(state, tmp_path / "a.pt"), state, name)


@pytest.mark.parametrize("name", ["torchvision_vgg11", "vgg16_rst", "vgg16_pwoa_bn1d", "vgg13_chengyangfu"])
@pytest.mark.parametrize(("classes", "channels"), [(2, 1), (100, 4)])
def test_classes_and_input_channels_are_read(name: str, classes: int, channels: int, tmp_path: Path) -> None:
    state = REFERENCES[name].make(classes, channels)
    check_same(save(state, tmp_path / "a.pt"), state, name, channels)


def test_robust_scratch_tickets_scores_are_applied_to_the_classifier_too(tmp_path: Path) -> None:
    state, maker, keep = REFERENCES["vgg16_rst"].make(10, 3), Maker(9), 0.3
    stored, effective = prefixed("module.", state), dict(state)
    for key in weights(state):
        scores = maker.draw(*state[key].shape)
        stored[f"module.{key.removesuffix('weight')}scores"] = scores
        effective[key] = state[key] * top(scores, keep)
    torch.save({"state_dict": stored}, tmp_path / "a.pt")
    check(load_model(tmp_path / "a.pt", keep=keep), "vgg16_rst", effective)


@pytest.mark.parametrize("name", [name for name in VARIANTS if "vgg" in name])
def test_a_last_pooling_by_average_is_a_variant(name: str, tmp_path: Path) -> None:
    """rethinking-network-pruning has the names and shapes of pytorch-cifar, whose last pooling is by maximum."""
    check_variant(VARIANTS[name], tmp_path / "a.pt")


def test_a_network_for_larger_images_keeps_its_size_and_has_no_variant(tmp_path: Path) -> None:
    """pytorch-cifar's with a classifier for 64×64 images: 2×2 places of 24 channels."""
    state = REFERENCES["vgg16_radmm"].make(10, 3)
    state["classifier.weight"] = torch.randn(10, 4 * 24, generator=torch.Generator().manual_seed(2)) / 10
    model = load_model(save(state, tmp_path / "a.pt"))
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    expected = REFERENCES["vgg16_radmm"].logits(state, images)
    assert torch.allclose(logits_of(model, images), expected, atol=1e-4) and model.alternatives == ()


def test_torchvision_networks_take_images_of_any_size(tmp_path: Path) -> None:
    reference = REFERENCES["torchvision_vgg11_bn"]
    state = reference.make(7, 3)
    model = load_model(save(state, tmp_path / "a.pt"))
    images = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(logits_of(model, images), reference.logits(state, images), atol=1e-4)


@pytest.mark.parametrize("size", [8, 64])
def test_images_of_a_size_that_does_not_fit_end_in_a_message(size: int, tmp_path: Path) -> None:
    state = REFERENCES["vgg11_radmm"].make(10, 3)
    dense, pruned = save(state, tmp_path / "dense.pt"), save(zeroed(state), tmp_path / "pruned.pt")
    images = np.random.default_rng(0).integers(0, 256, (20, size, size, 3), dtype=np.uint8)
    np.savez(tmp_path / "x.npz", images=images, labels=np.arange(20) % 10)
    result = call("compare", dense, pruned, "--data", tmp_path / "x.npz", "--attack", "pgd-1", "--report")
    check_refused(result, f"cannot take images of shape (3, {size}, {size})", "check --data and --arch")


def test_removed_channels_are_read_from_the_shapes(tmp_path: Path) -> None:
    """Without three channels of a layer, the network computes the same as with these channels at zero."""
    state = REFERENCES["torchvision_vgg11"].make(10, 3)
    kept, removed = torch.arange(3, 16), torch.arange(3)
    cut, zeroed = dict(state), dict(state)
    for part in ("weight", "bias"):
        cut[f"features.6.{part}"] = state[f"features.6.{part}"][kept]
    cut["features.8.weight"] = state["features.8.weight"][:, kept]
    zeroed["features.8.weight"] = state["features.8.weight"].clone()
    zeroed["features.8.weight"][:, removed] = 0
    check_same(save(cut, tmp_path / "a.pt"), zeroed, "torchvision_vgg11")
    assert load_model(tmp_path / "a.pt").arch == "torchvision_vgg11 (channels removed)"


def test_removed_channels_that_do_not_fit_are_refused_without_batch_norm_too(tmp_path: Path) -> None:
    state = REFERENCES["torchvision_vgg11"].make(10, 3)
    for part in ("weight", "bias"):
        state[f"features.6.{part}"] = state[f"features.6.{part}"][:9]
    with pytest.raises(CheckpointError, match="do not fit one another"):
        load_model(save(state, tmp_path / "a.pt"))


def test_a_classifier_for_other_features_is_refused_with_both_sizes(tmp_path: Path) -> None:
    state = REFERENCES["torchvision_vgg16_bn"].make(10, 3)
    state["classifier.0.weight"] = torch.zeros(10, 24 * 9)
    with pytest.raises(CheckpointError, match=r"classifier.0.weight is 10×216, expected 10×(24|1176)"):
        load_model(save(state, tmp_path / "a.pt"))


def test_the_bias_of_a_convolutional_classifier_is_read(tmp_path: Path) -> None:
    """Robust scratch tickets with `last_layer_dense`: the classifier is a convolution with a bias."""
    state = REFERENCES["vgg16_rst"].make(10, 3)
    state["classifier.bias"] = torch.linspace(-1, 1, 10)
    check_same(save(state, tmp_path / "a.pt"), state, "vgg16_rst")


def test_a_norm_without_weight_and_bias_is_read(tmp_path: Path) -> None:
    """As robust scratch tickets have it (NonAffineBatchNorm): the same as weight one and bias zero."""
    state = REFERENCES["vgg11_rst"].make(10, 3)
    norms = [key.removesuffix(".running_mean") for key in state if key.endswith("running_mean")]
    full = dict(state)
    for norm in norms:
        full[f"{norm}.weight"], full[f"{norm}.bias"] = (
            torch.ones_like(state[f"{norm}.weight"]),
            torch.zeros_like(state[f"{norm}.bias"]),
        )
        del state[f"{norm}.weight"], state[f"{norm}.bias"]
    check_same(save(state, tmp_path / "a.pt"), full, "vgg11_rst")


def test_places_of_convolutions_are_those_of_the_published_lists() -> None:
    assert positions(STAGES[16], norm=True) == [0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40]
    assert positions(STAGES[19], norm=False) == [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]


def test_a_network_without_biases_or_norms_is_not_taken_for_another(tmp_path: Path) -> None:
    reference = vgg("", CONFIGS["16"], "flatten", normed=False, bias=False)
    with pytest.raises(CheckpointError, match="fit none of the known architectures"):
        load_model(save(reference.make(10, 3), tmp_path / "a.pt"))
