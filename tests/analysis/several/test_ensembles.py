"""What one ensemble breaks that another leaves, and by which stage, against a loop over samples."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.several_runs import seed_run
from thinice_tui.analysis.several.ensembles import ensemble_differences
from thinice_tui.analysis.several.groups import group_runs
from thinice_tui.runfile.records import Run


def weaker(run: Run) -> Run:
    """The same models by an ensemble that leaves some samples that each stage breaks, and breaks two others."""
    models = []
    for model in run.models:
        fates, standing = model.broken_by.copy(), np.flatnonzero(model.broken_by < 0)
        for stage, spared in ((0, 2), (1, 3), (2, 4)):
            fates[np.flatnonzero(model.broken_by == stage)[:spared]] = -1
        right = [at for at in standing if model.clean_prediction[at] == run.labels[at]]
        fates[right[:2]] = 1
        models.append(replace(model, broken_by=fates))
    settings = replace(run.info.settings, attack="quick")
    return replace(run, path="quick", info=replace(run.info, settings=settings), models=tuple(models))


def test_each_sample_counts_for_the_stage_that_breaks_it(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, seed) for seed in range(2)]
    quick = weaker(runs[1])
    found = ensemble_differences(group_runs([*runs, quick]))
    assert [(one.seed, one.model, one.attack, one.other_attack) for one in found] == [
        (2, name, "standard", "quick") for name in ("dense", "half", "again")
    ]
    for one, model, other in zip(found, runs[1].models, quick.models, strict=True):
        right = model.clean_prediction == runs[1].labels
        alone: Counter[str] = Counter()
        for sample in range(300):
            if right[sample] and model.broken_by[sample] >= 0 > other.broken_by[sample]:
                alone[model.stages[model.broken_by[sample]].name] += 1
        assert one.broken_by == dict(alone) == {"PGD-20": 2, "APGD-CE": 3, "APGD-T": 4}
        assert one.sets.counts()["S01"] == 9 and one.sets.counts()["S10"] == 2
        assert one.other_broken_by == {"PGD-20": 0, "APGD-CE": 2, "APGD-T": 0}
