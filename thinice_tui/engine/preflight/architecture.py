"""The choice among architectures that no state tells apart: same names and shapes, another forward pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from thinice_tui.analysis.trials import describe_accuracies
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight.normalization import OWN_ERRORS
from thinice_tui.engine.preflight.normalization_candidates import run_candidates
from thinice_tui.engine.preflight.racing import RaceResult, race_candidates
from thinice_tui.engine.preflight.significance import significantly_better
from thinice_tui.engine.preflight.trial import Trial
from thinice_tui.errors import ModelError
from thinice_tui.models.load import LoadedModel

MAX_PAIRS = 12
"""The most pairs of an architecture and a normalisation that are raced at once."""
HEAT_IMAGES = 64
"""Images on which the pairs are raced that get into the last race."""
MAX_DIFFERENT = 0.01
"""Fraction of the images on which predictions may differ where accuracy does not tell two architectures apart."""
LOW = 0.5
"""Below this accuracy of the best architecture, the message of a refusal asks for data and normalisation as well."""


@dataclass(frozen=True)
class ArchitectureChoice:
    """The models, each in one architecture; the trials, None where its file or the user says which one it is."""

    models: tuple[LoadedModel, ...]
    trials: tuple[Trial | None, ...]


def choose_architectures(
    models: Sequence[LoadedModel],
    names: Sequence[str],
    probe: StratifiedSample,
    usual: Sequence[str],
    device: torch.device,
    refuse: bool = True,
) -> ArchitectureChoice:
    """Choose the architecture of each model that has alternatives, by clean accuracy on the probe's images.

    usual: the names of the data set's usual normalisations. All models with the same alternatives get the same one; a
    model gets another one only where that is better for it by OWN_ERRORS standard errors. Of several that accuracy
    does not tell apart, the one that another file of the run names is taken, else the usual one, provided that their
    predictions are the same on all but MAX_DIFFERENT of the images. Raises ModelError where they are not, and where no
    file says it, if `refuse`.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, model in enumerate(models):
        if model.alternatives:
            groups.setdefault(model.possible_architectures, []).append(number)
    chosen, trials = list(models), dict[int, Trial]()
    for variants, group in groups.items():
        pairs = _qualified(_pairs(models, names, variants, group, probe, usual), probe, device)
        result = race_candidates(pairs, probe, device)
        if result is None or not any(_variant_of(pair) == variants[0] for pair in result.accuracies):
            continue  # the usual one does not take the images: the checks of the outputs refuse it and say why
        race = _Race(result, variants)
        stated = {
            model.possible_architectures[0]: name
            for model, name in zip(models, names, strict=True)
            if not model.alternatives or model.checkpoint.about.get("arch") == model.possible_architectures[0]
        }
        trials_of_group = _decide(race, [models[number] for number in group], stated, refuse)
        for number, trial in zip(group, trials_of_group, strict=True):
            trials[number] = trial
            chosen[number] = _as(models[number], trial.chosen)
    return ArchitectureChoice(tuple(chosen), tuple(trials.get(number) for number in range(len(models))))


def _as(model: LoadedModel, architecture: str) -> LoadedModel:
    """The model in one of its possible architectures, without alternatives."""
    forms = dict(zip(model.possible_architectures, (model, *model.alternatives), strict=True))
    return replace(forms[architecture], alternatives=())


def _pairs(
    models: Sequence[LoadedModel],
    names: Sequence[str],
    variants: Sequence[str],
    group: Sequence[int],
    probe: StratifiedSample,
    usual: Sequence[str],
) -> dict[str, list[LoadedModel]]:
    """The models of the group in each architecture behind each normalisation, by `_pair`.

    A normalisation that is known stays; for the others, all candidates are tried, the likeliest first.
    """
    if all(models[number].source != "undecided" for number in group):
        return {_pair(variant, ""): [_as(models[number], variant) for number in group] for variant in variants}
    options = run_candidates(models, names, probe.shape[0], usual).ordered
    pairs = {}
    for name, normalization in options.items():
        for variant in variants:
            forms = [_as(models[number], variant) for number in group]
            pairs[_pair(variant, name)] = [
                replace(form, normalization=normalization) if form.source == "undecided" else form for form in forms
            ]
    return pairs


def _qualified(
    pairs: dict[str, list[LoadedModel]], probe: StratifiedSample, device: torch.device
) -> dict[str, list[LoadedModel]]:
    """At most MAX_PAIRS of the pairs: the most accurate ones of heats of as many, on few images."""
    if len(pairs) <= MAX_PAIRS:
        return pairs
    names = list(pairs)
    heats = [names[at : at + MAX_PAIRS] for at in range(0, len(names), MAX_PAIRS)]
    left: list[str] = []
    for heat in heats:
        result = race_candidates({name: pairs[name] for name in heat}, probe, device, rounds=(HEAT_IMAGES,))
        accuracies = {} if result is None else {name: float(found.mean()) for name, found in result.accuracies.items()}
        left += sorted(accuracies, key=lambda name: -accuracies[name])[: MAX_PAIRS // len(heats)]
    return {name: pairs[name] for name in names if name in left}


def _pair(variant: str, normalization: str) -> str:
    """The name of a pair in the race; architectures have no space in their names."""
    return f"{variant} {normalization}"


def _variant_of(pair: str) -> str:
    return pair.partition(" ")[0]


@dataclass(frozen=True)
class _Race:
    """What a race of pairs says of their architectures."""

    result: RaceResult
    variants: Sequence[str]
    """The usual one first."""

    def best_pair(self, variant: str, row: int | None = None) -> str:
        """The most accurate pair of an architecture that is still in the race, for all models or for one of them."""
        pairs = [pair for pair in self.result.correct if _variant_of(pair) == variant]
        rows = slice(None) if row is None else row
        return max(pairs, key=lambda pair: float(self.result.correct[pair][rows].mean()))

    @property
    def in_race(self) -> list[str]:
        """The architectures with a pair in the race, the usual one first."""
        left = {_variant_of(pair) for pair in self.result.correct}
        return [variant for variant in self.variants if variant in left]

    @property
    def tied(self) -> list[str]:
        """The architectures that are not significantly worse than the best, the usual one first."""
        tied = {_variant_of(pair) for pair in self.result.tied()}
        return [variant for variant in self.variants if variant in tied]

    def different(self, rows: Sequence[int]) -> float:
        """The largest fraction of images on which a tied architecture predicts another class than the best, over the
        models in `rows`; both behind the same normalisation where that is in the race."""
        best, predicted = self.result.best, self.result.predicted
        fractions = [0.0]
        for variant in self.tied:
            same = _pair(variant, best.partition(" ")[2])
            pair = same if same in predicted else self.best_pair(variant)
            fractions += [float((predicted[pair][row] != predicted[best][row]).mean()) for row in rows]
        return max(fractions)

    def own_choice(self, row: int) -> str:
        """The architecture that is clearly the best for one model; empty: none is."""
        right = self.result.correct
        best = max(self.in_race, key=lambda variant: float(right[self.best_pair(variant, row)][row].mean()))
        others = [self.best_pair(variant, row) for variant in self.in_race if variant != best]
        mine = right[self.best_pair(best, row)][row]
        return best if all(significantly_better(mine, right[pair][row], OWN_ERRORS) for pair in others) else ""

    def accuracies(self, row: int | None = None) -> tuple[dict[str, float], dict[str, int]]:
        """Accuracy by architecture, for all models or for one of them, and on how many images.

        It is that of the best pair among those that saw the most images.
        """
        rows = slice(None) if row is None else row
        accuracies, seen = dict[str, float](), dict[str, int]()
        for pair, values in self.result.accuracies.items():
            variant, found = _variant_of(pair), (self.result.seen[pair], float(values[rows].mean()))
            if found > (seen.get(variant, 0), accuracies.get(variant, -1.0)):
                seen[variant], accuracies[variant] = found
        return accuracies, seen


def _decide(race: _Race, models: Sequence[LoadedModel], stated: Mapping[str, str], refuse: bool) -> list[Trial]:
    """The trial of each model; stated: a model's name by the architecture that its file or the user names.

    Raises ModelError where accuracy leaves several architectures and their predictions differ, if `refuse`.
    """
    tied = race.tied
    own = {row: race.own_choice(row) for row in range(len(models))}
    undecided = [row for row, choice in own.items() if not choice]
    different = race.different(undecided)
    named = next((variant for variant in tied if variant in stated), "")
    if refuse and len(tied) > 1 and undecided and not named and different > MAX_DIFFERENT:
        raise _undecided(race, [models[row] for row in undecided], different)
    chosen = named or tied[0]
    why = "every other one is clearly worse"
    if len(tied) > 1:
        others = " and ".join(variant for variant in tied if variant != chosen)
        reason = f"it is the one of {stated[named]}" if named else "it is the more usual one"
        why = f"cannot be told apart from {others}, {_percent(different)} of whose predictions differ; {reason}"
    found = []
    for row in range(len(models)):
        taken = own[row] or chosen
        others_why = f"clearly more accurate for this model than {chosen}, the choice for the others"
        accuracies, seen = race.accuracies(row)
        found.append(Trial(taken, why if taken == chosen else others_why, race.result.images, accuracies, seen))
    return found


def _undecided(race: _Race, models: Sequence[LoadedModel], different: float) -> ModelError:
    """The error for models whose architecture has to be named."""
    accuracies, _ = race.accuracies()
    shown = describe_accuracies({variant: accuracies[variant] for variant in race.tied}, {})
    low = max(accuracies.values()) < LOW
    return ModelError(
        f"{', '.join(str(model.path) for model in models)}: the weights fit several architectures, and clean accuracy "
        f"on {race.result.images} images spread over the data does not tell which one it is ({shown}), though "
        f"{_percent(different)} of their predictions differ",
        "name the right one: "
        + " or ".join(f"--arch {variant}" for variant in race.tied)
        + ("; accuracy is low with each: are --data and --normalize right?" if low else ""),
    )


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"
