"""How similar two models' weights are, and so whether one can be a pruned version of the other."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

from torch import equal

from thinice_tui.errors import ModelError
from thinice_tui.models.layer_weights import classes, input_channels, layer_weights
from thinice_tui.models.load import LoadedModel
from thinice_tui.models.normalization import same_normalization

RELATED_COSINE = 0.1
"""Weights with at least this cosine are called related: n unrelated weights have 0 ± 1/√n, fine-tuned ones far more."""
MIN_WEIGHTS = 1000
"""With fewer kept weights, the cosine is too noisy to tell."""


@dataclass(frozen=True)
class WeightSimilarity:
    """A model's weights compared with a dense model's, over the Conv and Linear weights of equal name and shape.

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
            return "no layer has the name and shape of a layer of the dense model: the weights cannot be compared"
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
    mine, theirs = layer_weights(other.network), layer_weights(dense.network)
    shared = [name for name in mine if name in theirs and mine[name].shape == theirs[name].shape]
    compared = kept = same = 0
    cosines = largest = 0.0
    for name in shared:
        weight, before = mine[name].flatten(), theirs[name].flatten()
        mask = weight != 0
        count = int(mask.sum())
        compared, kept = compared + weight.numel(), kept + count
        if count == 0:
            continue
        same += int((weight[mask] == before[mask]).sum())
        norms = float(weight[mask].norm() * before[mask].norm())
        cosines += count * (float(weight[mask] @ before[mask]) / norms if norms > 0 else 0.0)
        largest += int(mask[before.abs().topk(count).indices].sum())
    return WeightSimilarity(
        same_architecture=_same_architecture(dense, other, len(mine.keys() & theirs.keys()) / max(len(mine), 1)),
        layers=len(mine),
        layers_compared=len(shared),
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
    if other.sparsity.conv_linear < dense.sparsity.conv_linear - 0.01:
        return f"{other.path}: is less sparse than {dense.path}: is the dense model the first?"
    return ""


def warnings_of_same_weights(models: Sequence[tuple[str, LoadedModel]], control: bool) -> Iterator[str]:
    """A warning for each pair of models with the same weights.

    models: each with its name; control: whether the last of them is the control.
    """
    for (name, model), (other, second) in combinations(models, 2):
        if _equal(model, second):
            shows = "the control then shows nothing" if control and second is models[-1][1] else "they cannot differ"
            yield f"{name} and {other} hold the same weights: {shows}; is a path wrong?"


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


def _equal(one: LoadedModel, other: LoadedModel) -> bool:
    """Whether architecture, normalisation, parameters and buffers are equal, masks and scores folded in."""
    if one.arch != other.arch or not same_normalization(one.normalization, other.normalization):
        return False
    mine, theirs = one.network.state_dict(), other.network.state_dict()
    return mine.keys() == theirs.keys() and all(equal(value, theirs[name]) for name, value in mine.items())


def _same_architecture(dense: LoadedModel, other: LoadedModel, shared: float) -> bool:
    """By the architectures' names; for a file with its own network, whether it shares half of the layers' names."""
    if dense.checkpoint.network is not None or other.checkpoint.network is not None:
        return shared >= 0.5
    return _without_widths(dense.arch) == _without_widths(other.arch)


def _without_widths(arch: str) -> str:
    """An architecture's name without its widths."""
    return arch.partition(" (")[0]
