"""timm's networks in the sizes of a state dict; a stub stands in for the package."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.commands.calling import call, error_text
from tests.models.stub_packages import TIMM, stub
from thinice_tui.errors import CodeError, UsageError
from thinice_tui.models.architectures.factories import build_from_spec
from thinice_tui.models.architectures.timm_models import image_size, timm_sizes
from thinice_tui.models.load import load_model


@pytest.fixture
def timm(tmp_path: Path) -> Iterator[None]:
    with stub(tmp_path / "site", "timm", TIMM):
        yield


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape))) / 3


def convolutions() -> dict[str, Tensor]:
    """Three classes, one channel, sorted by name as safetensors files are: the first kernel is no stem."""
    return {
        "blocks.weight": draw(6, 1, 3, 3),
        "classifier.bias": draw(3),
        "classifier.weight": draw(3, 6),
        "conv_stem.weight": draw(6, 2, 3, 3),
        "squeeze.bias": draw(6),
        "squeeze.weight": draw(6, 6),
    }


@pytest.mark.usefixtures("timm")
@pytest.mark.parametrize("name", ["named", "unnamed"])
def test_classes_and_channels_are_those_of_the_head_and_the_stem(name: str, tmp_path: Path) -> None:
    state = convolutions()
    torch.save(state, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt", f"timm:{name}", "none")
    x = torch.rand(2, 2, 9, 9)
    out = F.relu(F.conv2d(F.relu(F.conv2d(x, state["conv_stem.weight"])), state["blocks.weight"], groups=6))
    out = F.linear(out.mean(dim=(2, 3)), state["squeeze.weight"], state["squeeze.bias"])
    expected = F.linear(out, state["classifier.weight"], state["classifier.bias"])
    with torch.no_grad():
        assert torch.allclose(model.classifier()(x), expected, atol=1e-5)
    assert sys.modules["timm"].asked == [(name, {"pretrained": False, "num_classes": 3, "in_chans": 2})]
    assert model.arch == f"timm:{name}" and model.code_sha256


@pytest.mark.usefixtures("timm")
@pytest.mark.parametrize("literals", ["", "(img_size=16)", "(img_size=16, num_classes=3)"])
def test_the_image_size_of_a_transformer_is_that_of_its_positions(literals: str, tmp_path: Path) -> None:
    state = {"cls_token": draw(1, 1, 8), "pos_embed": draw(1, 17, 8), "head.weight": draw(3, 8), "head.bias": draw(3)}
    state |= {"patch_embed.proj.weight": draw(8, 3, 4, 4), "patch_embed.proj.bias": draw(8)}
    torch.save(state, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt", f"timm:vit{literals}", "none")
    x = torch.rand(2, 3, 16, 16)
    tokens = F.conv2d(x, state["patch_embed.proj.weight"], state["patch_embed.proj.bias"], 4).flatten(2).mT
    tokens = torch.cat([state["cls_token"].expand(2, 1, 8), tokens], dim=1) + state["pos_embed"]
    expected = F.linear(F.relu(tokens).mean(dim=1), state["head.weight"], state["head.bias"])
    with torch.no_grad():
        assert torch.allclose(model.classifier()(x), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("tokens", "extra", "side"),
    [
        (197, {"cls_token": 1}, 224),
        (198, {"cls_token": 1, "dist_token": 1}, 224),
        (196, {}, 224),
        (196, {"cls_token": 1, "reg_token": 4}, 224),  # positions for patches alone
        (201, {"cls_token": 1, "reg_token": 4}, 224),
        (65, {"cls_token": 1}, 128),
        (200, {"cls_token": 1}, None),
    ],
)
def test_image_sizes(tokens: int, extra: dict[str, int], side: int | None) -> None:
    state = {"pos_embed": torch.zeros(1, tokens, 2), "patch_embed.proj.weight": torch.zeros(2, 3, 16, 16)}
    state |= {name: torch.zeros(1, count, 2) for name, count in extra.items()}
    assert image_size(state) == side
    assert image_size({"pos_embed": state["pos_embed"]}) is None


@pytest.mark.usefixtures("timm")
def test_sizes_that_are_known_from_elsewhere_replace_those_of_the_state() -> None:
    network = build_from_spec("timm:named", convolutions(), {"num_classes": 4}).network
    shapes = [tuple(value.shape) for value in network.state_dict().values()]
    assert (4, 6) in shapes and (6, 2, 3, 3) in shapes


def test_sizes_come_from_named_layers_first() -> None:
    state = {"a.weight": torch.zeros(4, 2), "b.weight": torch.zeros(5, 2), "c.weight": torch.zeros(6, 7, 3, 3)}
    assert timm_sizes(state) == {"num_classes": 5, "in_chans": 7}
    assert timm_sizes(state, ["a"], ["c"]) == {"num_classes": 4, "in_chans": 7}
    assert timm_sizes({}) == {}


@pytest.mark.usefixtures("timm")
def test_what_a_network_does_not_take_is_named(tmp_path: Path) -> None:
    torch.save(convolutions(), tmp_path / "a.pt")
    with pytest.raises(CodeError, match=r"the factory failed: TypeError.*depth"):
        load_model(tmp_path / "a.pt", "timm:named(depth=3)")
    with pytest.raises(UsageError, match="a literal has no name"):
        load_model(tmp_path / "a.pt", "timm:named(3)")
    with pytest.raises(UsageError, match="checkpoint_path would load other weights"):
        load_model(tmp_path / "a.pt", "timm:named(checkpoint_path='b.pt')")


def test_without_the_package_it_says_how_to_install_it(tmp_path: Path) -> None:
    torch.save(convolutions(), tmp_path / "a.pt")
    with stub(tmp_path / "site", "timm", "raise RuntimeError('operator torchvision::nms does not exist')"):
        result = call("inspect", tmp_path / "a.pt", "--arch", "timm:resnet18")
    assert result.exit_code == 1 and "timm cannot be imported: RuntimeError" in error_text(result)
    assert "pip install -c constraints.txt -e '.[timm]'" in error_text(result)
