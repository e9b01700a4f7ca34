"""Names without wrappers' prefixes, and what training leaves among them."""

import torch

from tests.models.reference_networks import REFERENCES
from thinice_tui.models.architectures.known import KNOWN
from thinice_tui.models.names import leftovers, shared_prefixes, split, strip_wrappers, views

STATE = REFERENCES["cifar_resnet18"].make(10, 3)
ONE = torch.ones(1)


def named(*names: str) -> dict[str, torch.Tensor]:
    return dict.fromkeys(names, ONE)


def test_no_known_architecture_has_a_name_that_would_be_left_out() -> None:
    for known in KNOWN.values():
        state = {key: torch.empty(value.shape, device="meta") for key, value in known.make().state_dict().items()}
        parts = split(state)
        assert parts.leftovers == {} and parts.constants == {}, known.name


def test_what_training_leaves_is_known_by_its_names() -> None:
    left = named(
        "n_averaged", "total_ops", "layer1.0.conv1.total_params", "temperature", "model.temperature", "criterion.b",
        "model.criterion.centers", "center_loss.centers", "loss_fn.pos_weight", "kd_loss.0.weight", "a.min_val",
        "conv1.activation_post_process.eps", "activation_post_process_3.scale", "conv1.weight_fake_quant.zero_point",
    )  # fmt: skip
    kept = named("conv1.weight", "lossless.weight", "temperature.weight", "n_averaged.0", "min_value", "closs.bias")
    kept["scale.temperature"] = torch.ones(3)
    assert leftovers(left | kept) == set(left)


def test_fake_quantisation_that_is_on_is_not_left_out() -> None:
    names = named("conv1.weight_fake_quant.scale", "conv1.activation_post_process.min_val")
    on, off = torch.tensor([1], dtype=torch.uint8), torch.tensor([0], dtype=torch.uint8)
    assert leftovers(names | {"conv1.weight_fake_quant.fake_quant_enabled": on}) == set()
    assert len(leftovers(names | {"conv1.weight_fake_quant.fake_quant_enabled": off})) == 3


def test_wrappers_are_dropped_one_after_the_other() -> None:
    state = named("module.model.conv.weight", "module.model.fc.bias", "module.normalize.mean", "n_averaged")
    plain, dropped = strip_wrappers(state)
    assert list(plain) == ["conv.weight", "fc.bias", "normalize.mean", "n_averaged"] and dropped == "module.model."
    seen = [(list(view.state), view.note) for view in views(state)]
    assert seen[0] == (list(state), "")
    assert seen[1][1] == "prefix module. dropped" and seen[1][0][0] == "model.conv.weight"
    assert seen[2] == (list(plain), "prefix module.model. dropped")


def test_names_that_would_become_one_are_not_shortened() -> None:
    state = named("module.a.weight", "module.module.a.weight", "a.weight")
    assert all(len(view.state) == len(state) for view in views(state) if not view.outside)


def test_prefixes_that_many_names_share() -> None:
    assert shared_prefixes(["a.b.x", "a.b.y", "a.c.x", "d.x"]) == ["a.", "a.b."]
    assert shared_prefixes([]) == []


def test_a_view_under_a_prefix_says_what_lies_outside() -> None:
    state = named("backbone.conv.weight", "backbone.fc.weight", "head.weight", "backbone.total_ops", "mean", "std")
    (view,) = (view for view in views(state) if view.prefix == "backbone.")
    assert view.outside == ("head.weight",)
    assert list(view.state) == ["conv.weight", "fc.weight", "total_ops", "mean", "std"]
