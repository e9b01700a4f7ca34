"""Several runs together: each number over seeds is that of the seeds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.several_runs import repeated, seed_run
from thinice_tui.analysis.excess import excesses
from thinice_tui.analysis.noise_floor import noise_floor
from thinice_tui.analysis.several.several_runs import analyse_several
from thinice_tui.errors import UsageError
from thinice_tui.protocol.claims import parse_claims
from thinice_tui.runfile.records import Role


def test_each_number_is_the_mean_of_the_seeds(tmp_path: Path) -> None:
    several = analyse_several([seed_run(tmp_path, seed) for seed in range(3)])
    dense, half, control = several.models
    assert list(dense.numbers) == ["clean_accuracy", "robust_accuracy"] and (dense.stability, dense.exemplars) == (
        None,
        None,
    )
    for place, model in ((0, half), (1, control)):
        values = [analysis.comparisons[place].nfr.value for analysis in several.seeds]
        assert model.numbers["nfr"].values == tuple(values)
        assert model.numbers["nfr"].mean.value == pytest.approx(np.mean(values))
    assert "excess_nfr" in half.numbers and "excess_nfr" not in control.numbers
    excess, nfr, own = (
        np.array(one.values) for one in (half.numbers["excess_nfr"], half.numbers["nfr"], control.numbers["nfr"])
    )
    assert excess == pytest.approx(nfr - own)


def test_a_sample_is_lost_as_often_as_in_the_seeds(tmp_path: Path) -> None:
    several = analyse_several([seed_run(tmp_path, seed) for seed in range(3)])
    stable, modal = several.models[1].stability, several.models[1].exemplars
    assert stable is not None and modal is not None
    lost = np.array([analysis.comparisons[0].sets.s10 for analysis in several.seeds])
    assert np.array_equal(stable.times_lost, lost.sum(axis=0)) and sum(stable.counts) == lost.any(axis=0).sum()


def test_two_seeds_have_no_exemplars(tmp_path: Path) -> None:
    several = analyse_several([seed_run(tmp_path, 0), seed_run(tmp_path, 1)])
    assert several.models[1].exemplars is None and several.models[1].stability is not None


def test_a_repeat_is_the_noise_of_its_seed_and_no_seed_of_its_own(tmp_path: Path) -> None:
    one, other = seed_run(tmp_path, 0), seed_run(tmp_path, 1)
    several = analyse_several([one, repeated(one, 9), other])
    assert len(several.seeds) == 2 and len(several.models[1].numbers["nfr"].values) == 2
    dense, *_ = noise_floor(several.seeds[0])
    assert dense.sets.counts()["S01"] == 4 and dense.sets.counts()["S10"] == 0 and dense.seed == 9
    assert noise_floor(several.seeds[1]) == ()


def test_every_repeat_measures_noise(tmp_path: Path) -> None:
    run = seed_run(tmp_path, 0)
    several = analyse_several([run, repeated(run, 9), repeated(run, 11, other=6)])
    floor = [one for one in noise_floor(several.seeds[0]) if one.model == "dense"]
    assert [(one.seed, one.sets.counts()["S01"]) for one in floor] == [(9, 4), (11, 6)]


def test_one_training_seed_has_no_numbers_over_seeds(tmp_path: Path) -> None:
    run = seed_run(tmp_path, 0)
    assert analyse_several([run, repeated(run, 9)]).models == ()


def test_ensembles_are_compared_sample_by_sample(tmp_path: Path) -> None:
    one = seed_run(tmp_path, 0)
    stronger = replace(repeated(one, one.info.settings.seed, other=5), path="quick")
    weak = replace(stronger, info=replace(stronger.info, settings=replace(stronger.info.settings, attack="quick")))
    several = analyse_several([one, weak])
    assert [(found.attack, found.other_attack) for found in several.ensembles] == [("standard", "quick")] * 3
    assert several.ensembles[0].sets.counts()["S01"] == 5, "what standard broke and quick did not"


def test_each_seed_has_its_own_excess(tmp_path: Path) -> None:
    """Several pruned models: each number over seeds is of its own model."""
    models: dict[str, Role] = {"dense": "dense", "half": "pruned", "tenth": "pruned", "again": "control"}
    several = analyse_several([seed_run(tmp_path, seed, models) for seed in range(2)])
    for model in several.models[1:3]:
        own = [
            next(one for one in excesses(analysis) if one.model == model.record.name).excess_nfr.value
            for analysis in several.seeds
        ]
        assert model.numbers["excess_nfr"].values == tuple(own)


def test_claims_are_of_models_that_every_run_has(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, 0), seed_run(tmp_path, 1)]
    several = analyse_several(runs, parse_claims(["half=90@pgd-50"]))
    assert len(several.claims) == 1 and [len(analysis.claims) for analysis in several.seeds] == [1, 1]
    assert analyse_several([runs[0], repeated(runs[0], 9)], parse_claims(["half=90@pgd-50"])).claims == ()
    more = seed_run(tmp_path, 2, {"dense": "dense", "half": "pruned", "tenth": "pruned", "again": "control"})
    for claim in ("tenth=90@pgd-50", "third=90@pgd-50"):
        with pytest.raises(UsageError, match="expected dense, half, again"):
            analyse_several([more, runs[0]], parse_claims([claim]))
