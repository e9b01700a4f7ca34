"""The architecture and the normalisation of each model, where its file leaves them open."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight.architecture import choose_architectures
from thinice_tui.engine.preflight.normalization import choose_normalizations
from thinice_tui.engine.preflight.trial import Trial
from thinice_tui.models.load import LoadedModel


@dataclass(frozen=True)
class Forms:
    """The models as they are judged, the trials that chose their architecture and normalisation (None: no trial was
    needed), and warnings for the user."""

    models: tuple[LoadedModel, ...]
    architectures: tuple[Trial | None, ...]
    normalizations: tuple[Trial | None, ...]
    warnings: tuple[str, ...]


def choose_forms(
    models: Sequence[LoadedModel],
    names: Sequence[str],
    probe: StratifiedSample,
    usual: Sequence[str],
    device: torch.device,
) -> Forms:
    """Choose architectures and normalisations by clean accuracy on the probe's images.

    usual: the names of the data set's usual normalisations. Where both are open, few normalisations are tried with each
    architecture at first. So the architectures are raced again behind the normalisation that is then chosen, and it is
    that race which decides. Raises ModelError where it leaves architectures that differ.
    """
    both_open = any(model.alternatives and model.source == "undecided" for model in models)
    first = choose_architectures(models, names, probe, usual, device, refuse=not both_open)
    found = choose_normalizations(first.models, names, probe, usual, device)
    if not both_open:
        return Forms(found.models, first.trials, found.trials, found.warnings)
    fixed = [_behind_normalization_of(model, other) for model, other in zip(models, found.models, strict=True)]
    second = choose_architectures(fixed, names, probe, usual, device)
    if [model.arch for model in second.models] == [model.arch for model in first.models]:
        return Forms(second.models, second.trials, found.trials, found.warnings)
    reopened = [
        replace(model, normalization=None, source="undecided") if trial else model
        for model, trial in zip(second.models, found.trials, strict=True)
    ]
    found = choose_normalizations(reopened, names, probe, usual, device)
    return Forms(found.models, second.trials, found.trials, found.warnings)


def _behind_normalization_of(model: LoadedModel, other: LoadedModel) -> LoadedModel:
    """The model, and its alternatives, with the normalisation of `other`."""
    normalization, source = other.normalization, other.source
    alternatives = tuple(replace(one, normalization=normalization, source=source) for one in model.alternatives)
    return replace(model, normalization=normalization, source=source, alternatives=alternatives)
