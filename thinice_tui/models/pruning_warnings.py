"""Warnings where nothing was pruned: models with the same weights, or with as many zeros and parameters."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from torch import equal

from thinice_tui.models.load import LoadedModel
from thinice_tui.models.normalization import same_normalization
from thinice_tui.models.weight_similarity import LESS_SPARSE
from thinice_tui.protocol.model_files import IN_MEMORY

LEAST = 0.001
"""The least increase of sparsity, or fraction of parameters removed, that counts as pruning."""


def warnings_of_same_weights(models: Sequence[tuple[str, LoadedModel]], control: bool) -> Iterator[str]:
    """A warning for each pair of models with the same weights.

    models: each with its name; control: whether the last of them is the control.
    """
    for (name, model), (other, second) in combinations(models, 2):
        if _equal(model, second):
            shows = "they cannot differ"
            if model.checkpoint.form == IN_MEMORY:  # two of a class, whose code may read other attributes
                shows = "they can differ only in what their code does"
            if control and second is models[-1][1]:
                shows = "the control then shows nothing"
            yield f"{name} and {other} hold the same weights: {shows}; is a path wrong?"


def warnings_of_unpruned(dense: LoadedModel, pruned: Sequence[LoadedModel]) -> Iterator[str]:
    """A warning for each pruned model that is as sparse and as large as the dense one.

    Those with the same weights are left to `warnings_of_same_weights`; the control belongs to neither list.
    """
    for model in pruned:
        if _unpruned(dense, model) and not _equal(dense, model):
            yield _nothing_pruned(dense, model)


def doubt_of_unpruned(dense: LoadedModel, other: LoadedModel) -> str:
    """Why `other` is no pruned version of `dense`, as a sentence; empty: something was pruned."""
    if _equal(dense, other):
        return f"{other.path}: holds the same weights as {dense.path}: nothing was pruned"
    return _nothing_pruned(dense, other) if _unpruned(dense, other) else ""


def _unpruned(dense: LoadedModel, other: LoadedModel) -> bool:
    """Whether zeros and parameters are as many; for fewer zeros or more parameters there are other warnings."""
    mine, theirs = other.sparsity, dense.sparsity
    if mine.notes:  # what its code switches off is not counted, and its notes say so
        return False
    same_size = abs(theirs.parameters - mine.parameters) <= LEAST * theirs.parameters
    return same_size and theirs.conv_linear - LESS_SPARSE <= mine.conv_linear < theirs.conv_linear + LEAST


def _nothing_pruned(dense: LoadedModel, other: LoadedModel) -> str:
    mine, theirs = other.sparsity, dense.sparsity
    return (
        f"{other.path}: nothing was pruned: {100 * mine.conv_linear:.2f} % of its weights are zero and "
        f"{100 * theirs.conv_linear:.2f} % of those of {dense.path}, and it has as many parameters; is a path wrong, "
        "or were masks not saved with the weights?"
    )


def _equal(one: LoadedModel, other: LoadedModel) -> bool:
    """Whether architecture, normalisation, parameters and buffers are equal, masks and scores folded in."""
    if one.arch != other.arch or not same_normalization(one.normalization, other.normalization):
        return False
    mine, theirs = one.network.state_dict(), other.network.state_dict()
    return mine.keys() == theirs.keys() and all(equal(value, theirs[name]) for name, value in mine.items())
