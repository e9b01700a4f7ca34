"""From a file to a classifier: strictly, safely, or with one clear message."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from tests.linear_models import ARCH, Files, make_task, module, pruned_weight
from tests.places import LINEAR_MODELS
from thinice_tui.errors import CheckpointError, ThiniceError, UsageError
from thinice_tui.models.architectures import KNOWN
from thinice_tui.models.load import load_model
from thinice_tui.models.normalization import KNOWN as NORMALIZATIONS
from thinice_tui.models.normalization import parse_normalization
from thinice_tui.models.sparsity import measure_sparsity

LINEAR_MODELS_FILE = str(LINEAR_MODELS)


def test_half_precision_is_widened_and_what_the_file_says_is_used(tmp_path: Path) -> None:
    network = KNOWN["preact_resnet8"].random(10).half()
    path = tmp_path / "half.pt"
    torch.save({"state_dict": network.state_dict(), "arch": "preact_resnet8", "normalization": "cifar10"}, path)
    model = load_model(path)
    assert model.normalization == NORMALIZATIONS["cifar10"]
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in model.network.parameters())
    assert load_model(path, normalize="none").normalization is None


def test_a_file_and_a_module_name_architectures(files: Files) -> None:
    for spec in (ARCH, "tests.linear_models:linear"):
        model = load_model(files.dense, spec)
        assert model.arch == spec
        x = torch.from_numpy(files.task.images)
        assert torch.allclose(model.classifier()(x), module(files.task.weight)(x))


def test_an_arch_in_a_checkpoint_never_names_code(files: Files, tmp_path: Path) -> None:
    code = tmp_path / "evil.py"
    code.write_text("open('executed', 'w')\n")
    state = module(files.task.weight).state_dict()
    torch.save({"state_dict": state, "arch": f"{code}:factory"}, files.dense)
    with pytest.raises(CheckpointError, match="fit none of the known architectures") as caught:
        load_model(files.dense)
    assert "which is no known name" in caught.value.what
    assert not Path("executed").exists()


def state_of(files: Files) -> dict[str, torch.Tensor]:
    return dict(module(files.task.weight).state_dict())


def test_nothing_is_loaded_in_part(files: Files) -> None:
    state = state_of(files)
    state["popup_scores"] = state["1.weight"]
    state["1.bias"] = torch.zeros(6)
    torch.save(state, files.dense)
    with pytest.raises(CheckpointError) as caught:
        load_model(files.dense, ARCH)
    assert "unexpected popup_scores" in caught.value.what
    assert "1.bias is (6,), expected (5,)" in caught.value.what
    del state["popup_scores"], state["1.bias"]
    torch.save(state, files.dense)
    with pytest.raises(CheckpointError, match=r"missing 1\.bias"):
        load_model(files.dense, ARCH)


def test_counters_of_old_torch_may_be_missing(tmp_path: Path) -> None:
    state = KNOWN["cifar_resnet18"].random(10).state_dict()
    old = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    torch.save(old, tmp_path / "old.pt")
    assert load_model(tmp_path / "old.pt", "cifar_resnet18").arch == "cifar_resnet18"


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(files: Files, bad: float) -> None:
    state = state_of(files)
    state["1.weight"][2, 3] = bad
    torch.save(state, files.dense)
    with pytest.raises(CheckpointError, match=r"1\.weight holds NaN or infinite"):
        load_model(files.dense, ARCH)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("resnet999", "is not known, expected one of"),
        (f"{LINEAR_MODELS_FILE}:absent", "has no function 'absent'"),
        ("absent.py:linear", "there is no file absent.py"),
        ("absent_package.module:linear", "cannot import absent_package.module"),
        (f"{LINEAR_MODELS_FILE}:broken_factory", "the factory failed: ValueError: no such width"),
        (f"{LINEAR_MODELS_FILE}:no_module", "returned str, expected a torch.nn.Module"),
    ],
)
def test_a_wrong_arch_says_what_is_wrong(files: Files, spec: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_model(files.dense, spec)
    assert message in caught.value.what


def test_normalisations_by_numbers() -> None:
    parsed = parse_normalization("0.1,0.2,0.3/1,2,4")
    assert parsed is not None and parsed.mean == (0.1, 0.2, 0.3) and parsed.std == (1, 2, 4)
    assert parse_normalization("none") is None
    for wrong in ("cifar11", "0.1,0.2/1,1,1", "1/0", "nan/1", "a/b", "1,1,1", ""):
        with pytest.raises(UsageError, match="--normalize"):
            parse_normalization(wrong)


@pytest.mark.parametrize("stored", ["cifar11", {"mean": [0.5]}, {"mean": [0.5], "std": [0.0]}, 3, ["a"]])
def test_an_unusable_stored_normalisation_is_refused(files: Files, stored: object) -> None:
    torch.save({"state_dict": state_of(files), "normalization": stored}, files.dense)
    with pytest.raises(CheckpointError, match="normalization"):
        load_model(files.dense, ARCH)
    assert load_model(files.dense, ARCH, "none").normalization is None


def test_normalisation_sits_in_front_of_the_network(files: Files) -> None:
    x = torch.from_numpy(files.task.images)
    mean, std = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([1.0, 2.0, 4.0])
    model = load_model(files.dense, ARCH, "0.1,0.2,0.3/1,2,4").classifier()
    expected = module(files.task.weight)((x - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1))
    assert torch.allclose(model(x), expected, atol=1e-5)


def test_the_three_sparsities() -> None:
    """Two layers of 4 and 12 weights with 1 and 9 zeros, and biases of 2 and 6 with 2 and 0."""
    first, second = torch.nn.Linear(2, 2), torch.nn.Linear(2, 6)
    network = torch.nn.Sequential(first, second)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1.0)
        first.weight.view(-1)[:1] = 0
        first.bias.fill_(0)
        second.weight.view(-1)[:9] = 0
    found = measure_sparsity(network)
    assert found.conv_linear == pytest.approx(10 / 16)
    assert found.mean_per_layer == pytest.approx((1 / 4 + 9 / 12) / 2)
    assert found.all_parameters == pytest.approx(12 / 24)
    assert [(layer.name, layer.zeros) for layer in found.layers] == [("0", 1), ("1", 9)]


def test_a_network_without_layers_has_no_sparsity() -> None:
    assert measure_sparsity(torch.nn.Identity()).conv_linear == 0.0


def test_zeros_survive_loading(files: Files) -> None:
    weight = pruned_weight(make_task().weight, 0.7)
    assert load_model(files.pruned, ARCH).sparsity.conv_linear > 0.15
    torch.save(module(weight).state_dict(), files.pruned)
    expected = float((weight == 0).mean())
    assert load_model(files.pruned, ARCH).sparsity.conv_linear == pytest.approx(expected)


def test_every_error_says_what_to_do(files: Files) -> None:
    files.pruned.write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(ThiniceError) as caught:
        load_model(files.pruned)
    assert caught.value.do and caught.value.exit_code == 1


def test_timm_that_is_not_installed_is_said_to_be(files: Files) -> None:
    with pytest.raises(UsageError, match="timm is not installed") as caught:
        load_model(files.dense, "timm:resnet18")
    assert "thinice-tui[timm]" in caught.value.do


def test_timm_builds_by_name_with_the_files_classes_and_channels(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def create_model(name: str, **options: object) -> torch.nn.Module:
        asked.extend((name, options))
        return module(files.task.weight)

    fake = ModuleType("timm")
    fake.create_model = create_model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timm", fake)
    monkeypatch.setattr("thinice_tui.models.architectures.factories.version", lambda _: "1.0")
    model = load_model(files.dense, "timm:some_net")
    assert asked == ["some_net", {"pretrained": False, "num_classes": 5}]
    assert model.arch == "timm:some_net" and model.code_sha256
