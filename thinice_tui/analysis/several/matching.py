"""Runs of the same data and threat model, with their models matched: what has to agree to read them together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from thinice_tui.analysis.sparsity import removed, sparsity_words
from thinice_tui.errors import RunFileError
from thinice_tui.runfile.records import ModelOutcomes, Run

NEAR = 0.005
"""Two pruned models match where their conv-linear sparsities, and what was removed, differ by no more than this."""

SHORT = 12
"""Digits of a checksum in a message."""


@dataclass(frozen=True)
class MatchedRuns:
    """Runs with the models that all of them have, in the same order. left_out: the other models, in words."""

    runs: tuple[Run, ...]
    left_out: tuple[str, ...]


def match_runs(runs: Sequence[Run], unfinished: bool = False) -> MatchedRuns:
    """Match the models of `runs` by role and order; raises RunFileError, with what differs.

    Where runs have as many pruned models, these are matched one by one, and have to be equally sparse within NEAR.
    Where they have not, those of equal sparsity are matched, in order, and the others are left out. unfinished: runs
    may be still going on.
    """
    first = runs[0]
    for run in runs:
        if said := list(_differences(first, run)):
            raise RunFileError(
                f"{run.path} is no run like {first.path}: {'; '.join(said)}",
                "runs are read together where data, norm, eps and models' roles and sparsities are the same",
            )
        if not run.complete and not unfinished:
            raise RunFileError(f"{run.path}: the run is not finished", "finish it before it is read with others")
    kept = _matched(runs)
    if len(kept[0]) < 2 and any(len(run.models) > 1 for run in runs):
        raise RunFileError(
            f"{first.path} and the other runs have no pruned model of the same sparsity",
            f"sparsities match within {100 * NEAR:g} points",
        )
    matched = [
        replace(
            run, models=models, left_out=tuple(one for one in run.models if all(one is not kept for kept in models))
        )
        for run, models in zip(runs, kept, strict=True)
    ]
    left_out = tuple(f"{run.path}: {model.record.name}" for run in matched for model in run.left_out)
    return MatchedRuns(tuple(matched), left_out)


def _differences(first: Run, run: Run) -> Iterator[str]:
    one, other = first.info, run.info
    if len(first.labels) != len(run.labels):
        yield f"it has {len(run.labels)} samples, not {len(first.labels)}"
    elif not np.array_equal(first.indices, run.indices) or not np.array_equal(first.labels, run.labels):
        yield "its samples have other indices or labels"
    elif one.data.sha256 != other.data.sha256:
        here, there = (f"{data.source} (sha256 {data.sha256[:SHORT]}…)" for data in (other.data, one.data))
        yield f"its data are {here}, not {there}"
    if one.settings.norm != other.settings.norm:
        yield f"its norm is {other.settings.norm}, not {one.settings.norm}"
    if one.settings.eps.value != other.settings.eps.value:
        yield f"its eps is {other.settings.eps.text}, not {one.settings.eps.text}"
    if one.classes != other.classes:
        yield f"its models have {other.classes} classes, not {one.classes}"
    dense, again = first.models[0].record, run.models[0].record
    if dense.parameters != again.parameters:
        yield f"its {again.name} has {again.parameters} parameters, {dense.name} of the other {dense.parameters}"
    pairs = [(first.models[0], run.models[0]), *zip(_controls(first), _controls(run), strict=False)]
    if len(_pruned(first)) == len(_pruned(run)):
        pairs += zip(_pruned(first), _pruned(run), strict=True)
    for a, b in pairs:
        if not _alike(first, a, run, b):
            here, there = (
                " and ".join(sparsity_words(one.record, of.models[0].record)) for one, of in ((b, run), (a, first))
            )
            yield f"its {b.record.name} has {here}, {a.record.name} of the other {there}"


def _matched(runs: Sequence[Run]) -> list[tuple[ModelOutcomes, ...]]:
    """For each run the models that every run has, in the order of the first run."""
    rows: list[list[ModelOutcomes]] = [[run.models[0] for run in runs]]
    for place, model in enumerate(_pruned(runs[0])):
        row = _row(runs, place, model, rows)
        if row is not None:
            rows.append(row)
    controls = [_controls(run) for run in runs]
    if all(controls):
        rows.append([control for (control,) in controls])
    return [tuple(row[number] for row in rows) for number in range(len(runs))]


def _row(
    runs: Sequence[Run], place: int, model: ModelOutcomes, rows: Sequence[Sequence[ModelOutcomes]]
) -> list[ModelOutcomes] | None:
    """One model a run that matches `model`, the pruned model number `place` of the first run, and is in no row yet."""
    first, found = runs[0], []
    for number, run in enumerate(runs):
        pruned, taken = _pruned(run), [row[number] for row in rows]
        if len(pruned) == len(_pruned(first)):
            pruned = pruned[place : place + 1]
        free = [one for one in pruned if all(one is not other for other in taken)]
        alike = [one for one in free if _alike(first, model, run, one)]
        if not alike:
            return None
        found.append(alike[0])
    return found


def _alike(first: Run, a: ModelOutcomes, run: Run, b: ModelOutcomes) -> bool:
    gone = removed(a.record, first.models[0].record) - removed(b.record, run.models[0].record)
    zeros = a.record.sparsity_conv_linear - b.record.sparsity_conv_linear
    return max(abs(zeros), abs(gone)) <= NEAR + 1e-12


def _controls(run: Run) -> list[ModelOutcomes]:
    return [model for model in run.models if model.record.role == "control"]


def _pruned(run: Run) -> list[ModelOutcomes]:
    return [model for model in run.models if model.record.role == "pruned"]
