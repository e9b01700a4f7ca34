"""Claims by every training seed, against the claims of each run alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.several_runs import seed_run
from thinice_tui.analysis.claims import checked_claims
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.several.several_runs import analyse_several
from thinice_tui.protocol.claims import parse_claims
from thinice_tui.runfile.records import Run

CLAIMS = ("half=90@pgd-20", "control=62.2@pgd-50,eps=0.031")


def renamed(run: Run) -> Run:
    """The same run, whose models are called otherwise."""
    models = [replace(one, record=replace(one.record, name=f"{one.record.name}-s2")) for one in run.models]
    return replace(run, models=tuple(models))


def test_each_seed_measures_its_own_model(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, 0), renamed(seed_run(tmp_path, 1)), seed_run(tmp_path, 2)]
    several = analyse_several(runs, parse_claims(CLAIMS))
    for number, found in enumerate(several.claims):
        claims = [CLAIMS[number], CLAIMS[number].replace("half", "half-s2"), CLAIMS[number]]
        alone = [checked_claims(analyse(run, parse_claims([one])))[0] for run, one in zip(runs, claims, strict=True)]
        assert [one.measured for one in found.checked] == [one.measured for one in alone]
        assert found.measured.values == tuple(one.measured for one in alone)
        assert found.gap.mean.value == pytest.approx(np.mean([one.gap for one in alone]))
        assert (found.gap.least, found.gap.most) == (min(found.gap.values), max(found.gap.values))
        assert len(set(found.measured.values)) > 1
    half, control = several.claims
    assert half.claim.model == "half" and half.checked[1].claim.model == "half-s2"
    assert not np.isnan(half.own_weak.mean.value) and np.isnan(control.own_weak.mean.value)
    assert [one.comparable for one in half.checked] == [True] * 3
    assert [one.comparable for one in control.checked] == [False] * 3
