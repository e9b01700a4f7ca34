"""Logits are found in whatever a network returns, by the classes of its last layer, and features are never judged."""

from collections import OrderedDict, namedtuple
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.commands.calling import call, check_refused, compare_json
from tests.linear_models import Files
from thinice_tui.errors import ModelError
from thinice_tui.models.classifier import Classifier
from thinice_tui.models.formats.graphs import FixedBatch

MISBEHAVING = Path(__file__).parents[1] / "misbehaving_models.py"
Named = namedtuple("Named", ["hidden", "logits"])


class ModelOutput(OrderedDict[str, Tensor]):
    """Like Hugging Face's: items by key, by attribute and by position."""

    def __getattr__(self, name: str) -> Tensor:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Network(nn.Module):
    """A body of 6 features and a head of 4 classes; `returns` is what forward makes of features and logits."""

    def __init__(self, returns: Callable[[Tensor, Tensor], object]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body, self.head = nn.Linear(12, 6), nn.Linear(6, 4)
        self.returns = returns

    def forward(self, x: Tensor) -> object:
        features = F.relu(self.body(x.flatten(1)))
        return self.returns(features, self.head(features))


KINDS: dict[str, Callable[[Tensor, Tensor], object]] = {
    "tensor": lambda _, z: z,
    "features first": lambda f, z: (f, z),
    "logits first": lambda f, z: (z, f),
    "list": lambda f, z: [f[..., None, None], f, z],
    "other types beside": lambda f, z: ("a name", None, [f], z.double()),
    "two logits": lambda _, z: (z, z + 1),
    "dict": lambda f, z: {"hidden": f, "logits": z},
    "dict of other names": lambda f, z: {"hidden": f, "scores": z},
    "attribute": lambda f, z: SimpleNamespace(hidden=f, logits=z),
    "named tuple": Named,
    "model output": lambda f, z: ModelOutput(hidden=f, logits=z),
    "model output of other names": lambda f, z: ModelOutput(hidden=f, scores=z),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrap", [lambda n: n, lambda n: FixedBatch(n, 2)], ids=["plain", "fixed batch"])
def test_logits_are_found(kind: str, wrap: Callable[[nn.Module], nn.Module]) -> None:
    network = Network(KINDS[kind])
    images = torch.rand(3, 3, 2, 2)
    hidden = F.relu(F.linear(images.flatten(1), network.body.weight, network.body.bias))
    expected = F.linear(hidden, network.head.weight, network.head.bias)
    classifier = Classifier(wrap(network))
    for _ in range(2):
        found = classifier(images)
        assert found.dtype == torch.float32 and torch.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("returns", "message"),
    [
        (lambda f, z: (f, z[:, :3]), r"\(2, 6\), \(2, 3\), none with a column for each of the 4"),
        (lambda f, _: {"hidden": f[..., None]}, r"dict with tensors of the shapes \(2, 6, 1\), no logits"),
        (lambda *_: None, "returns NoneType, no logits"),
        (lambda _, z: SimpleNamespace(scores=z), "returns SimpleNamespace, no logits"),
    ],
)  # fmt: skip
def test_outputs_without_logits_are_refused(returns: Callable[[Tensor, Tensor], object], message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        Classifier(Network(returns))(torch.rand(2, 3, 2, 2))
    assert "--arch" in caught.value.do


def test_the_outputs_of_two_last_layers_are_refused() -> None:
    """A projection of contrastive training, defined after the classifier: its width is not the number of classes."""

    class Projecting(Network):
        def __init__(self) -> None:
            super().__init__(lambda _, z: z)
            self.projection = nn.Linear(6, 5)

        def forward(self, x: Tensor) -> object:
            hidden = F.relu(self.body(x.flatten(1)))
            return self.head(hidden), self.projection(hidden)

    with pytest.raises(ModelError, match=r"\(2, 4\), \(2, 5\), the outputs of more than one last layer"):
        Classifier(Projecting())(torch.rand(2, 3, 2, 2))


def test_a_traced_network_gives_the_same_logits() -> None:
    """Faster forms of a network are traced; the place of the logits is known by then."""
    body, images = Network(KINDS["features first"]), torch.rand(3, 3, 2, 2)
    classifier = Classifier(body)
    expected = classifier(images)
    assert torch.equal(torch.fx.symbolic_trace(classifier)(images), expected)


@pytest.mark.parametrize("name", ["features_first", "logits_by_name"])
def test_compare_judges_the_logits(files: Files, name: str) -> None:
    plain = compare_json(*files.arguments[1:-1])
    found = compare_json(*files.arguments[1:5], "--arch", f"{MISBEHAVING}:{name}")
    for key in ("clean_accuracy", "robust_accuracy"):
        assert [model[key] for model in found["models"]] == [model[key] for model in plain["models"]]


def test_compare_refuses_outputs_without_logits(files: Files) -> None:
    result = call(*files.arguments[:5], "--arch", f"{MISBEHAVING}:returns_dict", "--report")
    check_refused(result, "its forward pass returns dict with tensors of the shapes", "returns the logits alone")
