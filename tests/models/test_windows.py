"""What is remembered of a pass: the logits are those of whole passes, wherever windows change."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.places import SAMPLE_MODELS
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.square import square_attack
from thinice_tui.engine.worker.attack_model import prepare_attack_model
from thinice_tui.models import locality
from thinice_tui.models.classifier import Classifier, Normalization
from thinice_tui.models.load import load_model
from thinice_tui.models.windows import Windowed


class _Residual(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, channels: int, activation: nn.Module) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
        self.norm, self.activation = nn.BatchNorm2d(channels), activation

    def forward(self, x: Tensor) -> Tensor:
        inner = self.activation(self.norm(self.first(x)))
        out: Tensor = self.activation(self.second(inner) + x)
        return out


def _network(*layers: nn.Module, classes: int = 5) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.LazyLinear(classes)).eval()


def _followed(form: Windowed, network: nn.Module, images: Tensor, seed: int) -> None:
    """Windows of all sizes anywhere, some images kept, some forgotten: logits are the network's."""
    height, width = images.shape[2:]
    draw = torch.Generator().manual_seed(seed)

    def below(limit: int) -> int:
        return int(torch.randint(limit, (), generator=draw))

    memory = form.remember(images)
    for _ in range(12):
        side = 1 + below(min(height, width))
        top, left = below(height - side + 1), below(width - side + 1)
        moved = images.clone()
        window = (..., slice(top, top + side), slice(left, left + side))
        moved[window] = torch.rand(moved[window].shape, generator=draw)
        assert torch.allclose(memory.moved(moved, top, left, side), network(moved), atol=1e-5)
        better = torch.rand(len(images), generator=draw) < 0.5
        memory.keep(better)
        images = torch.where(better.view(-1, 1, 1, 1), moved, images)
        if len(images) > 2 and below(4) == 0:
            rows = torch.rand(len(images), generator=draw) < 0.8
            rows[0] = True
            memory.only(rows)
            images = images[rows]


@pytest.fixture
def anything_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments are used wherever they are possible."""
    monkeypatch.setattr(locality, "SLOWNESS", 0.0)
    monkeypatch.setattr(locality, "JOINT", -1.0)
    monkeypatch.setattr(locality, "WORTHWHILE", 1.0)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "stem of stride 2, 7 × 7": lambda: _network(nn.Conv2d(3, 8, 7, 2, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
    "no padding": lambda: _network(nn.Conv2d(3, 8, 3), nn.SiLU(), nn.Conv2d(8, 8, 5)),
    "dilated, in groups": lambda: _network(nn.Conv2d(3, 6, 3, padding=2, dilation=2), nn.Conv2d(6, 6, 3, groups=3)),
    "one by one, stride 3": lambda: _network(nn.Conv2d(3, 6, 1, 3), nn.GELU(), nn.Conv2d(6, 6, 3, padding=1)),
    "more padding than needed": lambda: _network(nn.Conv2d(3, 6, 3, padding=4), nn.BatchNorm2d(6), nn.Conv2d(6, 4, 2)),
    "lopsided": lambda: _network(nn.Conv2d(3, 6, (1, 5), (2, 1), (0, 2)), nn.ReLU(), nn.Conv2d(6, 6, (4, 2))),
    "residual": lambda: _network(nn.Conv2d(3, 8, 3, padding=1), _Residual(8, nn.ReLU()), _Residual(8, nn.ReLU())),
    "in place": lambda: _network(nn.Conv2d(3, 8, 3, padding=1), _Residual(8, nn.ELU(inplace=True)), nn.ReLU6(True)),
}


@pytest.mark.usefixtures("anything_pays")
@pytest.mark.parametrize("size", [(16, 16), (11, 18)], ids=str)
@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_logits_are_those_of_whole_passes(name: str, size: tuple[int, int]) -> None:
    network, images = NETWORKS[name](), torch.rand(5, 3, *size)
    network(images)
    form = Windowed(network, images)
    assert torch.equal(form(images), network(images)) and form.difference(images) < 1e-5
    for seed in range(3):
        _followed(form, network, images, seed)


@pytest.mark.usefixtures("anything_pays")
@settings(deadline=None, max_examples=60)
@given(data=st.data())
@torch.no_grad()
def test_any_chain_of_convolutions_is_followed(data: st.DataObject) -> None:
    number = st.integers
    layers: list[nn.Module] = []
    for _ in range(data.draw(number(1, 4), "depth")):
        kernel, stride = (data.draw(st.tuples(number(1, 4), number(1, 4))), data.draw(number(1, 3)))
        padding, dilation = data.draw(st.tuples(number(0, 3), number(0, 3))), data.draw(number(1, 2))
        layers += [nn.Conv2d(3, 3, kernel, stride, padding, dilation), nn.Softplus()]
    network, images = _network(*layers), torch.rand(3, 3, data.draw(number(12, 30)), data.draw(number(12, 30)))
    try:
        network(images)
    except RuntimeError:  # the image is used up
        return
    _followed(Windowed(network, images), network, images, data.draw(number(0, 100)))


@torch.no_grad()
def test_deep_networks_are_cut_into_several_segments_of_which_small_windows_need_little() -> None:
    network = _network(nn.Conv2d(3, 32, 3, padding=1), *(_Residual(32, nn.ReLU()) for _ in range(5)))
    images = torch.rand(4, 3, 64, 64)
    network(images)
    form = Windowed(network, images)
    assert len(form.segments) >= 3
    _followed(form, network, images, 0)


class _Adding(nn.Module):
    """Changes in place what is remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.linear = nn.Conv2d(3, 8, 3), nn.LazyLinear(4)

    def forward(self, x: Tensor) -> Tensor:
        maps = torch.relu(self.conv(x))
        maps.add_(1)
        logits: Tensor = self.linear(maps.flatten(1))
        return logits


@pytest.mark.usefixtures("anything_pays")
@torch.no_grad()
def test_a_network_whose_memory_would_lie_is_not_asked_by_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locality, "JOINT", 0.0)  # else each result is a segment, and computed anew
    torch.manual_seed(0)
    network, images = _Adding().eval(), torch.rand(6, 3, 16, 16)
    network(images)
    assert Windowed(network, images).difference(images) > 1e-2
    search = prepare_attack_model(Classifier(network), images, "fp32")
    assert "queries by window: LookupError" in search.refused and not isinstance(search.exact, Windowed)


OTHERS: dict[str, Callable[[], nn.Module]] = {
    "nothing local": lambda: nn.Sequential(nn.Flatten(), nn.LazyLinear(5)),
    "statistics of the batch": lambda: _network(nn.BatchNorm2d(3, track_running_stats=False), nn.Conv2d(3, 4, 3)),
    "mirrored borders": lambda: _network(nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect")),
    "padding by name": lambda: _network(nn.Conv2d(3, 4, 3, padding="same")),
    "a window reaches all": lambda: _network(nn.Conv2d(3, 4, 15, padding=7)),
}


@pytest.mark.parametrize("name", OTHERS)
@torch.no_grad()
def test_what_is_not_local_is_left_whole(name: str) -> None:
    network, images = OTHERS[name]().eval(), torch.rand(4, 3, 16, 16)
    network(images)
    with pytest.raises(LookupError):
        Windowed(network, images)


@torch.no_grad()
def test_square_finds_the_same_images_by_window_and_counts_the_same_passes() -> None:
    judge = load_model(SAMPLE_MODELS / "pruned.pt").classifier()
    torch.manual_seed(1)
    images = torch.rand(12, 3, 32, 32)
    labels = judge(images).argmax(dim=1)
    search = prepare_attack_model(judge, images, "fp32")
    assert isinstance(search.exact, Windowed) and not isinstance(search.module, Windowed)
    found, passes = [], []
    for form in (search.module, search.exact):
        model = CountingModel(form, torch.device("cpu"))
        torch.manual_seed(3)
        found.append(square_attack(model, images, labels, "Linf", 0.02, 400, 1))
        passes.append(model.forwards)
    assert (found[0] != images).any()
    assert torch.allclose(found[0], found[1], atol=1e-6) and passes[0] == passes[1]


class _OwnNormalization(nn.Module):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.rand(shape))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) * 4


@pytest.mark.parametrize("shape", [(3, 1, 1), (1, 3, 1, 1), (1,)], ids=str)
@torch.no_grad()
def test_normalisation_of_either_kind_comes_within_the_first_segment(shape: tuple[int, ...]) -> None:
    layers = [nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1)]
    network, images = _network(_OwnNormalization(shape), *layers), torch.rand(4, 3, 32, 32)
    network(images)
    judge = Classifier(network, Normalization("cifar10", (0.5, 0.4, 0.3), (0.2, 0.2, 0.3)))
    _followed(Windowed(judge, images), judge, images, 0)
