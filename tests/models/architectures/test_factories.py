"""Architectures from the user's own code."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.linear_models import ARCH, Files, module
from tests.places import LINEAR_MODELS
from thinice_tui.errors import CheckpointError, CodeError, UsageError
from thinice_tui.models.architectures.factories import code_sha256, names_code
from thinice_tui.models.load import load_model

LINEAR_MODELS_FILE = str(LINEAR_MODELS)


def test_an_architecture_is_named_by_file_or_module(files: Files) -> None:
    for spec in (ARCH, "tests.linear_models:linear"):
        model = load_model(files.dense, spec)
        assert model.arch == spec
        x = torch.from_numpy(files.task.images)
        assert torch.allclose(model.classifier()(x), module(files.task.weight)(x))


def test_an_arch_in_a_checkpoint_never_names_code(files: Files, tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text("open('executed', 'w')\n")
    state = module(files.task.weight).state_dict()
    torch.save({"state_dict": state, "arch": f"{code}:factory"}, files.dense)
    with pytest.raises(CheckpointError, match="fit none of the known architectures") as caught:
        load_model(files.dense)
    assert "which is not known" in caught.value.what
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("resnet999", "is not known, expected one of"),
        ("absent.py", "names no function"),
        (f"{LINEAR_MODELS_FILE}:linear(x=1)", "takes (num_classes: int = 5)"),
        (f"{LINEAR_MODELS_FILE}:linear(1, 2)", "too many positional arguments"),
        (f"{LINEAR_MODELS_FILE}:absent", "has no function 'absent'"),
        ("absent.py:linear", "there is no file absent.py"),
        ("absent_package.module:linear", "there is no module absent_package"),
    ],
)
def test_an_invalid_arch_is_refused_with_the_reason(files: Files, spec: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_model(files.dense, spec)
    assert message in caught.value.what


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import absent_package_of_mine", "cannot import"),
        ("def build(:", "cannot import"),
        ("raise SystemExit(3)", "cannot import"),
        ("def build():\n    raise ValueError('no such width')", "the factory failed: ValueError: no such width"),
        ("def build(num_classes):\n    raise TypeError('mine')", "the factory failed: TypeError: mine"),
        ("def build(**options):\n    raise TypeError(str(options))", "the factory failed: TypeError: {}"),
        ("def build():\n    return 'a network'", "returned str, expected a torch.nn.Module"),
    ],
)
def test_what_is_wrong_in_the_code_is_no_wrong_usage(files: Files, tmp_path: Path, code: str, message: str) -> None:
    (tmp_path / "mine.py").write_text(code)
    with pytest.raises(CodeError) as caught:
        load_model(files.dense, f"{tmp_path / 'mine.py'}:build")
    assert message in caught.value.what and caught.value.exit_code == 1 and caught.value.do


MLP = """
from torch import nn


def build(depth=1, *, widths=(4,), num_classes=10, tail="x"):
    assert tail in ("x", "y:z(1)"), tail
    sizes = [192, *list(widths) * depth]
    layers = [layer for a, b in zip(sizes, sizes[1:]) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), *layers, nn.Linear(sizes[-1], num_classes))


def passes_on(**options):
    return build(**options)


def takes_no_classes(**options):
    return build_two(**options)


def build_two(depth=1, widths=(4,)):
    return build(depth, widths=widths, num_classes=7)


class Net:
    make = staticmethod(build)
"""


@pytest.fixture
def mlp(tmp_path: Path) -> tuple[str, Path, torch.Tensor, torch.Tensor]:
    """The code of perceptrons, a file of one with widths 16, 32 and 7 classes, images, and its logits."""
    (tmp_path / "mlp.py").write_text(MLP)
    draw = torch.Generator().manual_seed(0)
    shapes = {"1": (16, 192), "3": (32, 16), "5": (7, 32)}
    state = {}
    for layer, (outs, ins) in shapes.items():
        state[f"{layer}.weight"] = torch.randn(outs, ins, generator=draw) / ins**0.5
        state[f"{layer}.bias"] = torch.randn(outs, generator=draw)
    torch.save(state, tmp_path / "a.pt")
    x = torch.rand(3, 3, 8, 8, generator=draw)
    out = F.relu(F.linear(x.flatten(1), state["1.weight"], state["1.bias"]))
    out = F.relu(F.linear(out, state["3.weight"], state["3.bias"]))
    return str(tmp_path / "mlp.py"), tmp_path / "a.pt", x, F.linear(out, state["5.weight"], state["5.bias"])


@pytest.mark.parametrize(
    "call",
    [
        "build(widths=[16, 32])",
        "build(1, widths=(16, 32), num_classes=7, tail='y:z(1)')",
        "passes_on(widths=[16, 32])",
        "takes_no_classes(widths=[16, 32])",
        "Net.make(depth=1, widths=[16, 32])",
    ],
)
def test_literals_and_the_files_classes_reach_a_factory(
    call: str, mlp: tuple[str, Path, torch.Tensor, torch.Tensor]
) -> None:
    code, path, x, logits = mlp
    model = load_model(path, f"{code}:{call}", "none")
    with torch.no_grad():
        assert torch.allclose(model.classifier()(x), logits, atol=1e-5)


def test_the_users_literals_win_over_the_files_sizes(mlp: tuple[str, Path, torch.Tensor, torch.Tensor]) -> None:
    code, path, _, _ = mlp
    with pytest.raises(CheckpointError, match=r"5\.weight is 7×32, expected 9×32"):
        load_model(path, f"{code}:build(widths=[16, 32], num_classes=9)")


def test_code_is_known_by_its_colon_or_suffix_and_hashed(tmp_path: Path) -> None:
    assert names_code("net.py:build") and names_code("train.py") and not names_code("cifar_resnet18")
    (tmp_path / "net.py").write_text("build = 1")
    one = code_sha256(f"{tmp_path / 'net.py'}:build")
    assert one == code_sha256(f"{tmp_path / 'net.py'}:other(1)") == code_sha256(str(tmp_path / "net.py"))
    (tmp_path / "net.py").write_text("build = 2")
    assert code_sha256(f"{tmp_path / 'net.py'}:build") != one and code_sha256("cifar_resnet18") == ""


def test_a_whole_network_of_a_file_needs_no_factory(tmp_path: Path) -> None:
    layer = nn.Linear(192, 5)
    network = nn.Sequential(nn.Flatten(), layer).eval()
    torch.save(network, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt", "absent.py:build", trust=True)
    x = torch.rand(2, 3, 8, 8)
    with torch.no_grad():
        assert torch.allclose(model.classifier()(x), F.linear(x.flatten(1), layer.weight, layer.bias))
    assert model.notes == ("--arch absent.py:build is not used: the file holds a whole network",)
