"""Which normalisation the models of a run expect, where their files do not say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from thinice_tui.analysis.trials import describe_accuracies
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight.race import Raced, race
from thinice_tui.models.classifier import Normalization
from thinice_tui.models.load import LoadedModel
from thinice_tui.models.normalization import Trial, candidates, same_normalization, told_apart

OWN_CONSTANTS = {
    "cifar10": ("cifar10", "cifar10-2023"),
    "cifar10-c": ("cifar10", "cifar10-2023"),
    "cifar100": ("cifar100",),
    "svhn": ("svhn",),
    "mnist": ("mnist",),
    "fashion-mnist": ("fashion-mnist",),
    "folder": ("imagenet",),
}
"""What networks are usually trained with on a kind of data, most usual first."""
IMAGENET_SIDE = 64
"""Pixels from which the images of a folder are like ImageNet's."""
WNID = re.compile(r"n\d{8}")
SURELY = 4.0
"""Standard errors by which a normalisation must do better than the other models' for a model to get one of its own."""


@dataclass(frozen=True)
class Decision:
    """The models with a normalisation each; what was tried, None where the file says it; what should be known."""

    models: tuple[LoadedModel, ...]
    trials: tuple[Trial | None, ...]
    warnings: tuple[str, ...]


def own_constants(spec: str, probe: StratifiedSample) -> tuple[str, ...]:
    """The names of the normalisations that belong to the data of a spec; empty: none do."""
    kind = spec.partition(":")[0]
    if kind == "folder":
        names = probe.class_names
        like_imagenet = min(probe.shape[1:]) >= IMAGENET_SIDE or (names and all(map(WNID.fullmatch, names)))
        return OWN_CONSTANTS[kind] if like_imagenet else ()
    return OWN_CONSTANTS.get(kind, ())


def decide_normalizations(
    models: Sequence[LoadedModel],
    names: Sequence[str],
    probe: StratifiedSample,
    own: Sequence[str],
    device: torch.device,
) -> Decision:
    """One normalisation for all models whose files do not say theirs, by clean accuracy on the probe's images.

    own: the data set's constants, by name. Of what noise does not tell apart that of the first file that says one is
    taken, then the data set's, then the most accurate. A model gets another only where that is surely better for it.
    """
    undecided = [number for number, model in enumerate(models) if model.source == "undecided"]
    decided, trials, warnings = list(models), dict[int, Trial](), list[str]()
    if undecided:
        found = _race_candidates(models, names, undecided, probe, own, device)
        for number, (normalization, trial) in found.chosen.items():
            decided[number] = replace(models[number], normalization=normalization, source="clean accuracy")
            trials[number] = trial
        warnings += found.warnings
    warnings += _differences(decided, names)
    return Decision(tuple(decided), tuple(trials.get(number) for number in range(len(models))), tuple(warnings))


def describe_trial(name: str, trial: Trial) -> str:
    """The choice in words, with the accuracies of all that was tried."""
    return (
        f"{name}: normalisation {trial.chosen}, by clean accuracy on up to {trial.images} images "
        f"({describe_accuracies(trial.accuracies, trial.seen)}); {trial.why}; name it with --normalize to be sure"
    )


@dataclass(frozen=True)
class _Found:
    chosen: dict[int, tuple[Normalization | None, Trial]]
    """By model."""
    warnings: tuple[str, ...]


def _race_candidates(
    models: Sequence[LoadedModel],
    names: Sequence[str],
    undecided: Sequence[int],
    probe: StratifiedSample,
    own: Sequence[str],
    device: torch.device,
) -> _Found:
    options, family, sayer = _options(models, names, probe.shape[0])
    forms = {
        name: [replace(models[number], normalization=normalization) for number in undecided]
        for name, normalization in options.items()
    }
    raced = race(forms, probe, device, stays=family)
    if raced is None:
        return _Found({}, ())  # the checks before the run say so
    chosen, reason = _choose(raced, family, sayer, own)
    alike = [name for name in raced.alike() if name != chosen]
    whose = ", ".join(names[number] for number in undecided)
    warnings = []
    if alike:
        pooled = {name: float(raced.correct[name].mean()) for name in (chosen, *alike)}
        warnings.append(
            f"{whose}: no file says the normalisation, and {len(pooled)} cannot be told apart by clean accuracy on "
            f"{raced.images} images spread over the data ({describe_accuracies(pooled, {})}): {chosen} is taken, "
            f"{reason}; verdicts may differ with another, name the right one with --normalize"
        )
    found: dict[int, tuple[Normalization | None, Trial]] = {}
    for row, number in enumerate(undecided):
        accuracies = {name: float(values[row]) for name, values in raced.accuracies.items()}
        mine = max(raced.correct, key=lambda name: float(raced.correct[name][row].mean()))
        taken = mine if told_apart(raced.correct[mine][row], raced.correct[chosen][row], SURELY) else chosen
        why = f"cannot be told apart from {_listed(alike)}; {reason}" if alike else "no other comes near"
        if taken != chosen:
            why = f"it is surely better for this model than {chosen}, which does best for the others"
        found[number] = options[taken], Trial(taken, why, raced.images, accuracies, raced.seen)
    return _Found(found, tuple(warnings))


def _options(
    models: Sequence[LoadedModel], names: Sequence[str], channels: int
) -> tuple[dict[str, Normalization | None], str, str]:
    """What is tried, by name; under which name what the first file says; and whose that is, empty: none says it."""
    options = candidates(channels)
    for model, name in zip(models, names, strict=True):
        said = model.normalization
        fits = said is None or len(said.mean) in (1, channels)
        if model.source in ("the file's metadata", "the file's buffers") and fits:
            label = "none" if said is None else said.name
            others = {key: value for key, value in options.items() if not same_normalization(value, said)}
            return {**others, label: said}, label, name
    return options, "", ""


def _choose(raced: Raced, family: str, sayer: str, own: Sequence[str]) -> tuple[str, str]:
    """The normalisation for all, and why that one of those which cannot be told apart."""
    best, alike = raced.best, raced.alike()
    if family in raced.correct and not told_apart(raced.correct[best], raced.correct[family], SURELY):
        return family, f"as {sayer} says it"
    for name in own:
        if name in alike:
            return name, "the data set's own"
    return best, "the most accurate on these"


def _differences(models: Sequence[LoadedModel], names: Sequence[str]) -> list[str]:
    """A warning where models do not share one normalisation; what is inside a network is not known."""
    known = [(model, name) for model, name in zip(models, names, strict=True) if model.source != "inside the network"]
    if not known or all(same_normalization(known[0][0].normalization, model.normalization) for model, _ in known):
        return []
    said = ", ".join(
        f"{name} {model.normalization.name if model.normalization else 'none'} ({model.source})"
        for model, name in known
    )
    return [
        f"models have different normalisations: {said}: if one is wrong, what they differ in is not pruning's; give "
        "--normalize where all were trained with the same"
    ]


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
