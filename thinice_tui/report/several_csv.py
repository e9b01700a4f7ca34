"""The CSV report of several training seeds: one row a sample, how often it is lost, and its set in every seed."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from thinice_tui.analysis.flip_sets import SETS, FlipSets
from thinice_tui.analysis.query.fields import Field, NameField, NumberField
from thinice_tui.analysis.several.exemplars import Exemplars
from thinice_tui.analysis.several.several_runs import SeveralRuns
from thinice_tui.analysis.table import SampleTable
from thinice_tui.report.json_several import runs_of
from thinice_tui.report.run_facts import run_facts
from thinice_tui.report.sample_columns import pieces_of


def several_csv(several: SeveralRuns) -> str:
    """CSV of `several_fields`; how the runs were made is JSON in the last column of the first line."""
    n = len(several.seeds[0].run.labels)
    return "".join(pieces_of(several_fields(several), np.arange(n), several_facts(several), {}))


def several_facts(several: SeveralRuns) -> Mapping[str, Any]:
    """How the first run was made, and which runs are read together with it."""
    return {**run_facts(several.seeds[0].run), "runs": runs_of(several)}


def several_fields(several: SeveralRuns) -> dict[str, Field]:
    """The columns, [n] each: models have their names in the first run, seeds their numbers, from 1.

    `lost_in@MODEL`: how many seeds lose the sample. `exemplar@MODEL`: whether the modal clean predictions differ;
    `attacked_exemplar@MODEL`: whether most dense models hold it and most others do not (lost), or the other way round.
    `margin@MODEL:SEED` is on the clean image, `set@MODEL:SEED` by robust correctness.
    """
    run = several.seeds[0].run
    names = SampleTable(run, run.models[-1], "clean").class_names
    fields: dict[str, Field] = {
        "sample": NumberField(run.indices),
        "label": NumberField(run.labels),
        "class": NameField(run.labels, names),
    }
    for place, model in enumerate(several.models):
        fields |= {f"{name}@{model.record.name}": field for name, field in _over_seeds(several, place)}
        for number, analysis in enumerate(several.seeds, start=1):
            own = analysis.models[place].model
            fields[f"margin@{model.record.name}:{number}"] = NumberField(own.clean_margin)
            if place:
                sets = _codes(analysis.comparisons[place - 1].sets)
                fields[f"set@{model.record.name}:{number}"] = sets
    return fields


def _over_seeds(several: SeveralRuns, place: int) -> Iterator[tuple[str, Field]]:
    model = several.models[place]
    if model.stability is not None:
        yield "lost_in", NumberField(model.stability.times_lost)
    if model.exemplars is not None:
        yield "exemplar", _clean(model.exemplars)
        yield "attacked_exemplar", _attacked(model.exemplars)


def _clean(found: Exemplars) -> Field:
    return NameField(np.where(found.clean_ties, 2, found.clean).astype(np.int8), ("no", "yes", "tie"))


def _attacked(found: Exemplars) -> Field:
    codes = np.select([found.ties, found.lost, found.gained], [3, 1, 2], 0).astype(np.int8)
    return NameField(codes, ("no", "lost", "gained", "tie"))


def _codes(sets: FlipSets) -> Field:
    masks = [getattr(sets, name.lower()) for name in SETS]
    return NameField(np.argmax(masks, axis=0).astype(np.int8), SETS)
