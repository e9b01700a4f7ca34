"""How similar two models' weights are, and so whether one can be a pruned version of the other."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from torch import Tensor

from thinice_tui.errors import ModelError
from thinice_tui.models.architectures.known import without_width
from thinice_tui.models.layer_weights import classes, input_channels, layer_weights
from thinice_tui.models.load import LoadedModel
from thinice_tui.models.weights_in_use import effective_weights

RELATED_COSINE = 0.1
"""Weights with at least this cosine are called related: n unrelated weights have 0 ± 1/√n, fine-tuned ones far more."""
LESS_SPARSE = 0.01
"""A model whose sparsity is lower than the dense model's by more than this is the less sparse of the two."""
MIN_WEIGHTS = 1000
"""With fewer kept weights, the cosine is too noisy to tell."""


@dataclass(frozen=True)
class WeightSimilarity:
    """A model's weights compared with a dense model's, over the Conv and Linear weights of equal name and shape.

    Where few names are equal (an exported graph, a class of another project), each weight is compared with the one of
    its shape that it is most similar to.

    Fractions in [0,1], NaN where nothing can be compared. kept: weights that are not zero in the model; identical:
    of the kept, those equal in both; cosine: between the kept weights and the dense weights in their places, per
    layer, averaged over the layers with their numbers of kept weights; largest: of the kept, those that magnitude
    pruning of the dense model to the same number per layer would keep.
    """

    same_architecture: bool
    layers: int
    layers_compared: int
    kept: float
    identical: float
    cosine: float
    largest: float
    weights_kept: int
    removed: float
    """1 − parameters / the dense model's parameters: the fraction that structured pruning removed."""

    @property
    def related(self) -> bool | None:
        """Whether the weights are related; None: too few to tell."""
        if self.weights_kept < MIN_WEIGHTS or math.isnan(self.cosine):
            return None
        return self.cosine >= RELATED_COSINE

    def as_json(self) -> dict[str, object]:
        """The numbers as JSON values: what cannot be computed (NaN) is None."""
        return {key: None if value != value else value for key, value in asdict(self).items()}

    def sentence(self) -> str:
        """The comparison in words."""
        if self.layers_compared == 0:
            return "no layer has the shape of one of the dense model: the weights cannot be compared"
        return (
            f"{self.layers_compared} of {self.layers} layers compared, {100 * self.kept:.1f} % of their weights kept; "
            f"cosine to the dense weights {self.cosine:.2f}, {100 * self.identical:.0f} % unchanged, "
            f"{100 * self.largest:.0f} % among the largest"
        )


def compare_models(dense: LoadedModel, other: LoadedModel) -> WeightSimilarity:
    """Compare `other` with `dense`; raises ModelError where their classes or input channels differ."""
    for verb, what, find in (("knows", "classes", classes), ("takes", "input channels", input_channels)):
        here, there = find(other.network), find(dense.network)
        if here is not None and there is not None and here != there:
            raise ModelError(
                f"{other.path} {verb} {here} {what}, {dense.path} {there}",
                "compare models of the same task: check the paths",
            )
    mine, theirs = _weights(other), _weights(dense)
    pairs = _pairs(mine, theirs)
    compared = kept = same = 0
    cosines = largest = 0.0
    for name, original in pairs.items():
        weight, before = mine[name].flatten(), theirs[original].flatten()
        mask = weight != 0
        count = int(mask.sum())
        compared, kept = compared + weight.numel(), kept + count
        if count == 0:
            continue
        same += int((weight[mask] == before[mask]).sum())
        cosines += count * _cosine(weight, before)
        largest += int(mask[before.abs().topk(count).indices].sum())
    return WeightSimilarity(
        same_architecture=_same_architecture(dense, other, len(pairs)),
        layers=len(mine),
        layers_compared=len(pairs),
        kept=kept / compared if compared else math.nan,
        identical=same / kept if kept else math.nan,
        cosine=cosines / kept if kept else math.nan,
        largest=largest / kept if kept else math.nan,
        weights_kept=kept,
        removed=1 - other.sparsity.parameters / dense.sparsity.parameters if dense.sparsity.parameters else 0.0,
    )


def warning_if_unrelated(dense: LoadedModel, other: LoadedModel, similarity: WeightSimilarity) -> str:
    """A warning where `other` seems to be no pruned version of `dense`; empty: nothing speaks against it."""
    if not similarity.same_architecture:
        return f"{other.path}: is a {other.arch}, the dense model a {dense.arch}: it is hardly a pruned version of it"
    if similarity.related is False:
        return (
            f"{other.path}: its weights are not related to those of {dense.path} (cosine {similarity.cosine:.2f} over "
            "the kept weights): it was pruned from another model, or trained from scratch"
        )
    if other.sparsity.parameters > dense.sparsity.parameters:
        return f"{other.path}: has more parameters than {dense.path}: is the dense model the first?"
    if other.sparsity.conv_linear < dense.sparsity.conv_linear - LESS_SPARSE:
        return f"{other.path}: is less sparse than {dense.path}: is the dense model the first?"
    return ""


def warnings_of_unused_keep(asked: str | None, models: Sequence[tuple[LoadedModel, float | None]]) -> Iterator[str]:
    """A warning where --keep has no effect, since a file has no scores.

    asked: the option as typed; models: each with the fraction that is meant for it.
    """
    if asked is not None and all(model.checkpoint.keep is None for model, _ in models):
        yield f"--keep {asked} has no effect: no file holds scores for it"
        return
    for model, keep in models:
        if keep is not None and keep < 1 and model.checkpoint.keep is None:
            yield f"--keep {keep:g} has no effect on {model.path}: it holds no scores"


def _weights(model: LoadedModel) -> dict[str, Tensor]:
    return effective_weights(model.network) if model.sparsity.masked_by_code else layer_weights(model.network)


def _pairs(mine: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> dict[str, str]:
    """The names of theirs by the names of mine: equal ones, or where fewer than half are, the most similar weights."""
    if 2 * len(mine.keys() & theirs.keys()) >= len(mine):
        return {name: name for name in mine if name in theirs and mine[name].shape == theirs[name].shape}
    pairs: dict[str, str] = {}
    free = dict(theirs)
    for name, weight in mine.items():
        same = [other for other, value in free.items() if value.shape == weight.shape]
        if same:
            flat = weight.flatten()
            pairs[name] = max(same, key=lambda other: _cosine(flat, theirs[other].flatten()))
            del free[pairs[name]]
    return pairs


def _cosine(weight: Tensor, before: Tensor) -> float:
    """Cosine of the two over the places where `weight` is not zero; 0 where it is undefined."""
    mask = weight != 0
    norms = float(weight.norm() * before[mask].norm())
    return float(weight @ before) / norms if norms > 0 else 0.0


def _same_architecture(dense: LoadedModel, other: LoadedModel, compared: int) -> bool:
    """By the architectures' names; where one has code of its own, by half of the layers or by the kernels of all."""
    if dense.has_own_code or other.has_own_code:
        mine, theirs = layer_weights(other.network), layer_weights(dense.network)
        shared = max(compared, len(mine.keys() & theirs.keys()))
        return 2 * shared >= len(mine) or _kernels(mine) == _kernels(theirs)
    return _without_widths(dense.arch) == _without_widths(other.arch)


def _kernels(weights: Mapping[str, Tensor]) -> list[tuple[int, ...]]:
    return [tuple(weight.shape[2:]) for weight in weights.values()]


def _without_widths(arch: str) -> str:
    """An architecture's name without its widths: a narrower wide residual network is a pruned one, too."""
    return without_width(arch.partition(" (")[0])
