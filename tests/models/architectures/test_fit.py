"""A state is loaded into the user's network whatever wrappers were around either, and only where all names fit."""

from pathlib import Path

import pytest
import torch

from tests.models import networks_of_users as networks
from tests.models.checks import prefixed, save
from tests.models.networks_of_users import FILE, MEAN, STD, State, small_logits, small_state
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import LoadedModel, load_model

IMAGES = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(2))
WEIGHTS = 4 * 3 * 9 + 5 * 16


def check_small(model: LoadedModel, state: State, images: torch.Tensor = IMAGES) -> None:
    """Logits are the formula's, and the zeros are the two filters'."""
    with torch.no_grad():
        found = model.classifier()(IMAGES)
    assert torch.allclose(found, small_logits(state, images), atol=1e-4, rtol=1e-4)
    assert model.sparsity.conv_linear == pytest.approx(2 * 27 / WEIGHTS)


def saved(state: State, tmp_path: Path, factory: str, **options: str) -> LoadedModel:
    return load_model(save(state, tmp_path / "a.pt"), f"{FILE}:{factory}", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("attribute", ["model", "net", "network", "module", "basic_model", "backbone"])
@pytest.mark.parametrize("wrapper", ["", "module.", "_orig_mod.", "module._orig_mod."])
def test_a_class_whose_parameters_all_lie_under_one_attribute(attribute: str, wrapper: str, tmp_path: Path) -> None:
    state = small_state()
    model = saved(prefixed(f"{wrapper}{attribute}.", state), tmp_path, f"in_{attribute}", normalize="none")
    check_small(model, state)
    assert any("dropped" in note for note in model.notes) == bool(wrapper)


@pytest.mark.parametrize(
    ("prefix", "factory", "note"),
    [
        ("", "small", ""),
        ("module.", "small", "prefix module. dropped"),
        ("module.model.net.", "small", "prefix module.model.net. dropped"),
        ("backbone.", "small", "prefix backbone. dropped"),
        ("student.encoder.", "small", "prefix student.encoder. dropped"),
        ("module.backbone.", "small", "prefix module.backbone. dropped"),
        ("", "in_model", "its names are those under model. of the network"),
        ("", "in_backbone", "its names are those under backbone. of the network"),
        ("model.", "in_model", ""),
        ("module.", "in_backbone", "prefix module. dropped; its names are those under backbone. of the network"),
    ],
)
def test_a_prefix_that_one_of_the_two_has(prefix: str, factory: str, note: str, tmp_path: Path) -> None:
    state = small_state()
    model = saved(prefixed(prefix, state), tmp_path, factory)
    check_small(model, state)
    assert model.notes == ((note,) if note else ())


@pytest.mark.parametrize(
    ("inner", "outer"), [("module.", ""), ("_orig_mod.", "model."), ("_fsdp_wrapped_module.", "module.")]
)
def test_wrappers_around_a_part_of_the_network(inner: str, outer: str, tmp_path: Path) -> None:
    state = small_state()
    wrapped = {f"{outer}{key[0]}.{inner}{key[2:]}" if key[0] in "01" else outer + key: v for key, v in state.items()}
    model = saved(wrapped, tmp_path, "small")
    check_small(model, state)
    assert f"wrappers' names dropped: 0.{inner}weight is 0.weight" in model.notes[0]


def test_what_training_leaves_is_left_out_with_a_note(tmp_path: Path) -> None:
    state = small_state()
    left = {
        "n_averaged": torch.tensor(5), "total_ops": torch.tensor([3.0]), "module.0.total_params": torch.tensor([3.0]),
        "module.0.activation_post_process.min_val": torch.tensor(-1.0), "temperature": torch.ones(1),
        "module.criterion.weight": torch.rand(5, 5), "center_loss.centers": torch.rand(9, 16),
    }  # fmt: skip
    model = saved(prefixed("module.", state) | left, tmp_path, "small")
    check_small(model, state)
    assert "left out, since no network reads it: n_averaged, total_ops, 0.total_params and 4 more" in model.notes


def test_names_that_the_network_has_are_never_left_out(tmp_path: Path) -> None:
    state = small_state()
    own = {"temperature": torch.full((1,), 2.0), "n_averaged": torch.tensor(3), "criterion.weight": torch.eye(2)}
    own["criterion.bias"] = torch.zeros(2)
    model = saved(prefixed("backbone.", state) | own, tmp_path, "tempered")
    assert torch.allclose(model.classifier()(IMAGES), small_logits(state, IMAGES) / 2, atol=1e-4)
    with pytest.raises(CheckpointError, match=r"missing temperature, criterion.weight, criterion.bias"):
        saved(prefixed("backbone.", state) | {"n_averaged": torch.tensor(3)}, tmp_path, "tempered")


def test_fake_quantisation_that_is_on_is_refused_and_one_that_is_off_left_out(tmp_path: Path) -> None:
    state = small_state()
    parts = {"0.weight_fake_quant.fake_quant_enabled": torch.tensor([1], dtype=torch.uint8)}
    parts["0.weight_fake_quant.scale"] = torch.tensor([0.1])
    with pytest.raises(CheckpointError, match=r"unexpected 0\.weight_fake_quant\.fake_quant_enabled") as caught:
        saved(state | parts, tmp_path, "small")
    assert "trained with fake quantisation" in caught.value.do and "torch.save(model)" in caught.value.do
    parts["0.weight_fake_quant.fake_quant_enabled"] = torch.tensor([0], dtype=torch.uint8)
    check_small(saved(state | parts, tmp_path, "small"), state)


@pytest.mark.parametrize("where", ["", "module."])
def test_constants_of_a_normalisation_in_the_network_and_in_the_file(where: str, tmp_path: Path) -> None:
    state = small_state()
    constants = {"mean": torch.full((1, 3, 1, 1), 0.1), "std": torch.full((1, 3, 1, 1), 0.5)}
    inside = prefixed(where, prefixed("model.", state) | constants)
    check_small(saved(inside, tmp_path, "normalizing"), state, (IMAGES - 0.1) / 0.5)
    alone = saved(prefixed(f"{where}model.", state), tmp_path, "normalizing")
    check_small(alone, state, (IMAGES - MEAN) / STD)
    assert "constants of a normalisation are the network's own: mean, std" in alone.notes
    in_front = saved(inside, tmp_path, "small")
    check_small(in_front, state, (IMAGES - 0.1) / 0.5)
    assert in_front.source == "the file's buffers"


def test_trained_parameters_are_never_the_networks_own(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="missing mean, std"):
        saved(prefixed("model.", small_state()), tmp_path, "bayesian")


def test_tied_tensors_may_be_stored_under_one_of_their_names(tmp_path: Path) -> None:
    state = small_state()
    once = {("classifier" + key[1:] if key[0] == "5" else "features." + key): value for key, value in state.items()}
    check_small(saved(once, tmp_path, "tied"), state)
    twice = {("model.1" + key[1:] if key[0] == "5" else "model.0." + key): value for key, value in state.items()}
    check_small(saved(twice, tmp_path, "tied"), state)
    both = once | twice
    check_small(saved(both, tmp_path, "tied"), state)


def test_a_lazy_network_takes_its_sizes_from_the_state(tmp_path: Path) -> None:
    state = small_state()
    check_small(saved(prefixed("layers.", state), tmp_path, "lazy"), state)


def test_other_names_and_shapes_are_refused_with_how_they_differ(tmp_path: Path) -> None:
    state = small_state()
    state["5.weight"] = state["5.weight"][:, :12]
    with pytest.raises(CheckpointError, match=r"small: 5\.weight is 5×12, expected 5×16") as caught:
        saved(state, tmp_path, "small")
    assert "torch.save(model)" in caught.value.do and "factory of these widths" in caught.value.do
    del state["1.running_var"], state["1.num_batches_tracked"]
    with pytest.raises(
        CheckpointError, match=r"small: under backbone\., missing 1\.running_var; unexpected head"
    ) as caught:
        saved(prefixed("backbone.", state) | {"head.weight": torch.rand(3, 3)}, tmp_path, "small")
    assert "num_batches_tracked" not in caught.value.what and "torch.save" not in caught.value.do


def test_a_student_beside_its_teacher_is_refused(tmp_path: Path) -> None:
    both = prefixed("student.", small_state()) | prefixed("teacher.", small_state(1))
    with pytest.raises(CheckpointError, match=r"under student\., unexpected teacher\.0\.weight"):
        saved(both, tmp_path, "small")


def test_a_network_that_loads_in_its_own_way_and_fails_gives_a_message(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cannot be loaded into .*: KeyError: 'version'"):
        saved(prefixed("layers.", small_state()), tmp_path, "stubborn")


def test_the_factories_here_are_those_of_the_formula() -> None:
    network = networks.small().eval()
    network.load_state_dict(small_state())
    assert torch.allclose(network(IMAGES), small_logits(small_state(), IMAGES), atol=1e-5)
