"""Fake runs that are read together: training seeds, repeats and other ensembles."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.analysis.runs_of_models import analysed
from tests.fake_runs import MadeRun, make_run, run_table, written
from thinice_tui.runfile.records import Role, Run

PAIR: dict[str, Role] = {"dense": "dense", "half": "pruned", "again": "control"}
SPARSITIES = {"dense": 0.0, "half": 0.5, "tenth": 0.9, "again": 0.0}


def seed_run(folder: Path, trained: int, models: dict[str, Role] | None = None, n: int = 300, **settings: Any) -> Run:
    """A finished run of the training seed `trained`, in memory: the same samples, other weights.

    settings: of the run, replaced; another attack seed also breaks other samples.
    """
    models = models or PAIR
    run = analysed(
        folder, models, n=n, noise=[0.4 + 0.3 * number for number in range(len(models) - 1)], seed=trained
    ).run
    info = replace(run.info, settings=replace(run.info.settings, **settings))
    changed = []
    for model in run.models:
        name = model.record.name
        record = replace(model.record, sha256=f"{name}-{trained}", sparsity_conv_linear=SPARSITIES[name])
        changed.append(replace(model, record=record))
    return replace(run, path=str(folder / f"seed{trained}.thinice"), info=info, models=tuple(changed))


def seed_file(
    path: Path, trained: int, models: dict[str, Role] | None = None, through: int = 3, n: int = 200, **settings: Any
) -> Path:
    """The same as a run file, whose models are called alike; settings: as of `seed_run`."""
    return written(made_seed(path, trained, models, n, **settings), through)


def made_seed(
    path: Path, trained: int, models: dict[str, Role] | None = None, n: int = 200, **settings: Any
) -> MadeRun:
    """That file's content; nothing is written yet."""
    stored = run_table(n, 5, "standard", [f"class {i}" for i in range(5)])["settings"]
    assert isinstance(stored, dict)
    made = make_run(path, models or PAIR, n=n, seed=trained, more={"settings": stored | settings})
    made.records[:] = [
        replace(one, sha256=f"{one.name}-{trained}", sparsity_conv_linear=SPARSITIES[one.name]) for one in made.records
    ]
    return made


def repeated(run: Run, seed: int, other: int = 4) -> Run:
    """The same models under another attack seed, which leaves the first `other` samples that the last stage broke."""
    models = []
    for model in run.models:
        fates = model.broken_by.copy()
        fates[np.flatnonzero(fates == 2)[:other]] = -1
        models.append(replace(model, broken_by=fates))
    info = replace(run.info, settings=replace(run.info.settings, seed=seed))
    return replace(run, path=f"{run.path}-repeat{seed}", info=info, models=tuple(models))
