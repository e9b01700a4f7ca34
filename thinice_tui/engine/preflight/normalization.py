"""The choice of a normalisation for models whose files do not name theirs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from thinice_tui.analysis.trials import describe_accuracies
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight.normalization_candidates import RunCandidates, run_candidates
from thinice_tui.engine.preflight.racing import RaceResult, race_candidates
from thinice_tui.engine.preflight.significance import significantly_better
from thinice_tui.engine.preflight.trial import Trial
from thinice_tui.models.classifier import Normalization
from thinice_tui.models.inner_normalization import inner_constants
from thinice_tui.models.load import LoadedModel
from thinice_tui.models.normalization import same_normalization

OWN_ERRORS = 4.0
"""Standard errors by which a normalisation must beat the other models' for a model to get one of its own."""


@dataclass(frozen=True)
class NormalizationChoice:
    """The models, each with its normalisation; the trials, None where none was needed; warnings for the user."""

    models: tuple[LoadedModel, ...]
    trials: tuple[Trial | None, ...]
    warnings: tuple[str, ...]


def choose_normalizations(
    models: Sequence[LoadedModel],
    names: Sequence[str],
    probe: StratifiedSample,
    usual: Sequence[str],
    device: torch.device,
) -> NormalizationChoice:
    """Choose one normalisation for all models whose files name none, by clean accuracy on the probe's images.

    usual: the names of the data set's usual normalisations. Candidates that are not significantly worse than the best
    are ranked: first the one that a file of the run names, then those of the methods that pruned the models, then the
    data set's usual ones, then the most accurate. A model gets another one only where that is better for it by
    OWN_ERRORS standard errors, or is that of its own method.
    """
    undecided = [number for number, model in enumerate(models) if model.source == "undecided"]
    decided, trials, warnings = list(models), dict[int, Trial](), list[str]()
    if undecided:
        found = _try_candidates(models, names, undecided, probe, usual, device)
        for number, (normalization, trial) in found.chosen.items():
            decided[number] = replace(models[number], normalization=normalization, source="clean accuracy")
            trials[number] = trial
        warnings += found.warnings
    warnings += _difference_warnings(decided, names)
    warnings += _doubled_warnings(decided, names)
    return NormalizationChoice(
        tuple(decided), tuple(trials.get(number) for number in range(len(models))), tuple(warnings)
    )


@dataclass(frozen=True)
class _Chosen:
    chosen: dict[int, tuple[Normalization | None, Trial]]
    """By the model's number."""
    warnings: tuple[str, ...]


def _try_candidates(
    models: Sequence[LoadedModel],
    names: Sequence[str],
    undecided: Sequence[int],
    probe: StratifiedSample,
    usual: Sequence[str],
    device: torch.device,
) -> _Chosen:
    candidates = run_candidates(models, names, probe.shape[0], usual)
    options = candidates.options
    forms = {
        name: [replace(models[number], normalization=normalization) for number in undecided]
        for name, normalization in options.items()
    }
    result = race_candidates(forms, probe, device, keep=candidates.named)
    if result is None:
        return _Chosen({}, ())  # the checks of the outputs refuse the model and say why
    chosen, reason = _choose(result, candidates)
    tied = [name for name in result.tied() if name != chosen]
    warnings = []
    if tied:
        pooled = {name: float(result.correct[name].mean()) for name in (chosen, *tied)}
        warnings.append(
            f"{', '.join(names[number] for number in undecided)}: no file names the normalisation, and {len(pooled)} "
            f"candidates cannot be told apart by clean accuracy on {result.images} images spread over the data "
            f"({describe_accuracies(pooled, {})}): {chosen} is taken, {reason}; verdicts may differ with another: give "
            "the right one with --normalize"
        )
    found: dict[int, tuple[Normalization | None, Trial]] = {}
    for row, number in enumerate(undecided):
        accuracies = {name: float(values[row]) for name, values in result.accuracies.items()}
        best = max(result.correct, key=lambda name: float(result.correct[name][row].mean()))
        right = result.correct
        taken = best if significantly_better(right[best][row], right[chosen][row], OWN_ERRORS) else chosen
        why = f"cannot be told apart from {_and(tied)}; {reason}" if tied else "every other candidate is clearly worse"
        own, of_method = candidates.of_methods.get(number, ("", ""))
        if taken != chosen:
            why = f"clearly more accurate for this model than {chosen}, the choice for the others"
        elif own in tied and chosen != candidates.named:
            taken, why = own, f"cannot be told apart from {chosen}, the choice for the others; {of_method}"
        found[number] = options[taken], Trial(taken, why, result.images, accuracies, result.seen)
    return _Chosen(found, tuple(warnings))


def _choose(result: RaceResult, candidates: RunCandidates) -> tuple[str, str]:
    """The normalisation for all models, and the reason for it."""
    best, tied, named = result.best, result.tied(), candidates.named
    if named in result.correct and not significantly_better(result.correct[best], result.correct[named], OWN_ERRORS):
        return named, candidates.preferred[named]
    for name, why in candidates.preferred.items():
        if name in tied:
            return name, why
    return best, "the most accurate of them"


def _difference_warnings(models: Sequence[LoadedModel], names: Sequence[str]) -> list[str]:
    """A warning where the models' normalisations differ; one inside a network is unknown and not compared."""
    known = [(model, name) for model, name in zip(models, names, strict=True) if model.source != "inside the network"]
    if not known or all(same_normalization(known[0][0].normalization, model.normalization) for model, _ in known):
        return []
    used = ", ".join(
        f"{name} {model.normalization.name if model.normalization else 'none'} ({model.source})"
        for model, name in known
    )
    return [
        f"models have different normalisations: {used}: if one is wrong, the models differ in more than pruning; give "
        "--normalize where all were trained with the same"
    ]


def _doubled_warnings(models: Sequence[LoadedModel], names: Sequence[str]) -> list[str]:
    """A warning for each model that gets a given normalisation in front of the one that its network has."""
    given = [
        (name, model.normalization, inner_constants(model.network))
        for name, model in zip(names, models, strict=True)
        if model.source == "given"
    ]
    return [
        f"{name}: --normalize {used.name} is applied in front of a network that holds a normalisation itself "
        f"({', '.join(own)}): images may be normalised twice; give --normalize none for it"
        for name, used, own in given
        if used is not None and own
    ]


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
