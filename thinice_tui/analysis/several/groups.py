"""What several runs are to one another: training seeds, repeats under another attack seed, or other ensembles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from thinice_tui.analysis.several.matching import match_runs
from thinice_tui.errors import RunFileError
from thinice_tui.runfile.records import Run

Weights = tuple[tuple[str, str, str], ...]
"""What decides the outputs of each model of a run: sha256, architecture, normalisation."""
Part = Literal["training seed", "first run", "attack seed", "ensemble"]
"""What a run is among several: that of a training seed, or where there is one seed only the first; a repeat under
another attack seed; or the same models under another ensemble."""


@dataclass(frozen=True)
class RunGroup:
    """The runs of the same models. first: the run that stands for them; repeats: the same under other attack seeds;
    ensembles: the same under other ensembles of attacks."""

    first: Run
    repeats: tuple[Run, ...] = ()
    ensembles: tuple[Run, ...] = ()


@dataclass(frozen=True)
class RunPart:
    """One run among several. seed: the number of its training seed, from 1."""

    run: Run
    part: Part
    seed: int


@dataclass(frozen=True)
class RunGroups:
    """Runs that are read together: a group a training seed, in the order given, with matched models."""

    groups: tuple[RunGroup, ...]
    left_out: tuple[str, ...]
    """Models that not every run has, in words."""

    @property
    def seeds(self) -> tuple[Run, ...]:
        """One run of each training seed."""
        return tuple(group.first for group in self.groups)

    @property
    def parts(self) -> tuple[RunPart, ...]:
        """Every run and what it is, seed by seed."""
        first: Part = "training seed" if len(self.groups) > 1 else "first run"
        parts = list[RunPart]()
        for seed, group in enumerate(self.groups, start=1):
            parts.append(RunPart(group.first, first, seed))
            parts += [RunPart(run, "attack seed", seed) for run in group.repeats]
            parts += [RunPart(run, "ensemble", seed) for run in group.ensembles]
        return tuple(parts)


def group_runs(runs: Sequence[Run], unfinished: bool = False) -> RunGroups:
    """Sort runs into groups; raises RunFileError, with what differs, where they cannot be read together.

    Runs of other weights are training seeds and have the same ensemble. Runs of the same weights differ in the attack
    seed alone, or in the ensemble alone. unfinished: they may be still going on.
    """
    matched = match_runs(runs, unfinished)
    by_weights: dict[Weights, list[Run]] = {}
    for run in matched.runs:
        by_weights.setdefault(_weights(run), []).append(run)
    groups = tuple(_group(same) for same in by_weights.values())
    for number, group in enumerate(groups):
        for other in groups[:number]:
            _check_seeds(other.first, group.first)
    return RunGroups(groups, matched.left_out)


def _group(runs: Sequence[Run]) -> RunGroup:
    first = runs[0]
    repeats: list[Run] = []
    ensembles: list[Run] = []
    for run in runs[1:]:
        same_seed = first.info.settings.seed == run.info.settings.seed
        same_ensemble = _ensemble(first) == _ensemble(run)
        if first.info.settings.precision != run.info.settings.precision:
            _refuse(first, run, "have the same models and differ in --precision", "run both with the same one")
        if same_seed and same_ensemble:
            _refuse(first, run, "have the same weights, seed and attack", "name each run once")
        if not same_seed and not same_ensemble:
            _refuse(first, run, "have the same models and differ in seed and attack", "change one of the two at a time")
        (ensembles if same_seed else repeats).append(run)
    seeds = [run.info.settings.seed for run in (first, *repeats)]
    if len(set(seeds)) < len(seeds) or len({_ensemble(run) for run in (first, *ensembles)}) <= len(ensembles):
        raise RunFileError("two of the runs have the same weights, seed and attack", "name each run once")
    return RunGroup(first, tuple(repeats), tuple(ensembles))


def _check_seeds(one: Run, other: Run) -> None:
    """Raise RunFileError unless the two are independent trainings under the same attacks."""
    shared = {model.record.sha256 for model in one.models} & {model.record.sha256 for model in other.models}
    if shared:
        names = ", ".join(model.record.name for model in other.models if model.record.sha256 in shared)
        _refuse(one, other, f"share {names} and differ in other models", "training seeds have no model in common")
    if _ensemble(one) != _ensemble(other):
        attacks = " and ".join(run.info.settings.attack_shown for run in (one, other))
        _refuse(one, other, f"have other models, attacked by {attacks}", "attack every training seed in the same way")


def _refuse(one: Run, other: Run, why: str, do: str) -> None:
    raise RunFileError(f"{one.path} and {other.path} {why}", do)


def _weights(run: Run) -> Weights:
    return tuple((model.record.sha256, model.record.arch, model.record.normalization) for model in run.models)


def _ensemble(run: Run) -> tuple[object, ...]:
    """What decides which attacks run: the stages and their parameters, and how far an audit goes."""
    settings = run.info.settings
    return settings.attack.lower(), settings.stages, settings.audit, settings.escalate
